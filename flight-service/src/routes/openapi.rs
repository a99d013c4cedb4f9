//! The OpenAPI document, made from the routes that it describes.

use service_http::openapi::{add_access, add_operations, problem_response};
use service_http::problem::ProblemBody;
use service_http::refusals;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use super::{calendar, flights, holds, ledger, search, seat_maps, seats};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holdfast flight service",
        description = "Flights, itinerary search and seats.",
        license(name = "MIT", identifier = "MIT")
    ),
    paths(
        search::search,
        calendar::calendar,
        flights::show,
        flights::itinerary,
        flights::airports,
        flights::create,
        flights::change,
        flights::cancel,
        seats::validate,
        seats::decrement,
        seats::increment,
        seat_maps::show,
        seat_maps::stream,
        ledger::show,
        ledger::proof,
        holds::create,
        holds::show,
        holds::pin,
        holds::confirm,
        holds::release,
        holds::change_seats,
        holds::confirm_many,
        service_http::audit_log::list,
    ),
    components(schemas(ProblemBody<'static>)),
    tags(
        (name = "flights", description = "Flights and itineraries"),
        (name = "schedule", description = "Changes of the schedule by hand"),
        (name = "seats", description = "Seats by count and by name"),
        (name = "ledger", description = "Double entries and their proof"),
        (name = "holds", description = "Seats set aside for an owner, all or nothing"),
        (name = "admin", description = "What admins did"),
        (name = "operations", description = "For those who run the service"),
    )
)]
struct Api;

/// What this service speaks.
#[must_use]
pub fn document() -> Document {
    let mut document = Api::openapi();
    add_operations(&mut document);
    let refusal = |_: &str, text: &str| problem_response(text);
    add_access(&mut document, &super::access::rules(), refusal);
    document
}

refusals! {
    /// How a search is refused.
    ReadRefusals {
        "400": "A parameter is missing or wrong; `errors` names it",
        "503": "Ask again soon",
    }
    /// How a look-up is refused.
    LookupRefusals {
        "404": "There is nothing with this id",
        "503": "Ask again soon",
    }
    /// How a body is refused before it is understood.
    BodyRefusals {
        "400": "The request is malformed; `errors` names the fields",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "503": "Ask again soon",
    }
    /// How seats are refused, besides the body.
    SeatRefusals {
        "404": "`unknown_flight`: there is no such flight",
        "409": "`sold_out`, `seat_taken`, `sales_closed`, `wrong_date`, `not_taken` or `hold_released`",
        "422": "`idempotency_key_reused`: the key or id came with another request before",
    }
    /// How a new flight is refused, besides the body.
    NewFlightRefusals {
        "409": "`flight_exists`: it is in the schedule already",
        "422": "`idempotency_key_reused`: the key came with another request before",
    }
    /// How a change of the schedule is refused.
    ChangeRefusals {
        "404": "`unknown_flight`: there is no such flight",
        "409": "`flight_has_bookings` or `capacity_in_use`",
        "503": "Ask again soon",
    }
    /// How a change of a hold is refused.
    HoldRefusals {
        "404": "There is no such hold",
        "409": "`hold_released` or `hold_refused`: it has no seats any more",
        "410": "`hold_expired`: its time ran out",
        "503": "Ask again soon",
    }
}
