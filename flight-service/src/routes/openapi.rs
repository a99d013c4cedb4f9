//! The OpenAPI document, generated from the endpoints.

use service_http::endpoint::Endpoints;
use service_http::openapi::{self, problem_response};
use service_http::problem::ProblemBody;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Holdfast flight service",
        description = "Flights, itinerary search and seats.",
        license(name = "MIT", identifier = "MIT")
    ),
    components(schemas(ProblemBody<'static>)),
    tags(
        (name = "flights", description = "Flights and itineraries"),
        (name = "schedule", description = "Manual changes of the schedule"),
        (name = "seats", description = "Seats by count and by name"),
        (name = "ledger", description = "The ledger and its proof"),
        (name = "holds", description = "Seats reserved for an owner, all or nothing"),
        (name = "admin", description = "The audit log"),
        (name = "operations", description = "Health, readiness and metrics"),
    )
)]
struct Base;

#[must_use]
pub fn document(endpoints: &Endpoints) -> OpenApi {
    openapi::document(Base::openapi(), endpoints, |_, text| problem_response(text))
}
