//! The OpenAPI document, made from the routes that it describes.

use service_kit::openapi::add_operations;
use service_kit::problem::ProblemBody;
use service_kit::refusals;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use super::{admin, bookings, flights, ledger, orders, simple_orders};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holdfast booking service",
        description = "Bookings and orders: seats held at flight-service, paid at payment-service.",
        license(name = "MIT", identifier = "MIT")
    ),
    paths(
        bookings::create, bookings::list, bookings::show, bookings::cancel,
        orders::create, orders::show, orders::change_seats, orders::pay, orders::cancel,
        simple_orders::create, flights::seats, flights::stream, admin::reset, admin::cancel,
        ledger::proof,
    ),
    components(schemas(ProblemBody<'static>)),
    tags(
        (name = "bookings", description = "Bookings by count, paid at once"),
        (name = "orders", description = "Orders with chosen seats, paid by code; and simple ones, not paid here"),
        (name = "seats", description = "The seats of a flight"),
        (name = "ledger", description = "The proof of the double entries of events and ticket options"),
        (name = "admin", description = "The end of all bookings of a flight"),
        (name = "operations", description = "For those who run the service"),
    )
)]
struct Api;

/// What this service speaks.
#[must_use]
pub fn document() -> Document {
    let mut document = Api::openapi();
    add_operations(&mut document);
    document
}

refusals! {
    /// How a booking is refused, besides its body.
    BookRefusals {
        "409": "`price_changed`: the total is not the expected one; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Another service did not answer: ask again with the same Idempotency-Key",
    }
    /// How a look-up is refused.
    LookupRefusals {
        "404": "There is no such booking",
        "503": "Ask again soon",
    }
    /// How what takes no parameters is refused.
    ReadRefusals {
        "503": "Ask again soon",
    }
    /// How a list is refused.
    ListRefusals {
        "400": "A parameter is wrong; `errors` names it",
        "503": "Ask again soon",
    }
    /// How a cancellation is refused.
    CancelRefusals {
        "400": "`not_cancellable`: only a confirmed booking can be cancelled",
        "404": "There is no such booking",
        "409": "`idempotency_in_progress`: it is being cancelled",
        "503": "It is being cancelled: ask again soon",
    }
    /// How an order is refused.
    OrderRefusals {
        "400": "A field is wrong, or a seat is none of the flight's; `errors` names it",
        "404": "`unknown_flight`: there is no such flight",
        "409": "`sold_out`, `sales_closed`; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Another service did not answer: ask again with the same Idempotency-Key",
    }
    /// How a change of an order is refused.
    OrderChangeRefusals {
        "400": "A field is wrong; `errors` names it",
        "404": "There is no such order",
        "409": "`seat_taken`: the old seats stay; `wrong_state`: it is being paid, or has ended; `idempotency_in_progress`: another change runs",
        "410": "`order_expired`: its time ran out",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "503": "Another service did not answer: ask again soon",
    }
    /// How a payment is refused.
    PaymentRefusals {
        "400": "The code is not five digits",
        "404": "There is no such order",
        "409": "`wrong_state`: it is being paid already, or has ended; `idempotency_in_progress`: its seats are being changed",
        "410": "`order_expired`: its time ran out",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "503": "Ask again soon",
    }
    /// How a flight can't be cancelled.
    FlightRefusals {
        "409": "Somebody else sells its seats: free them first",
    }
}
