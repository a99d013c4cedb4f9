//! The OpenAPI document, made from the routes that it describes.

use service_kit::openapi::add_operations;
use service_kit::problem::ProblemBody;
use service_kit::refusals;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use super::bookings;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holdfast booking service",
        description = "Bookings: seats held at flight-service, paid at payment-service.",
        license(name = "MIT", identifier = "MIT")
    ),
    paths(bookings::create, bookings::show, bookings::cancel),
    components(schemas(ProblemBody<'static>)),
    tags(
        (name = "bookings", description = "Bookings by count, paid at once"),
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
    /// How a cancellation is refused.
    CancelRefusals {
        "400": "`not_cancellable`: only a confirmed booking can be cancelled",
        "404": "There is no such booking",
        "409": "`idempotency_in_progress`: it is being cancelled",
        "503": "It is being cancelled: ask again soon",
    }
}
