//! The OpenAPI document, made from the routes that it describes.

use service_http::openapi::{add_access, add_operations, problem_response};
use service_http::problem::ProblemBody;
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
