//! The OpenAPI document, generated from the endpoints.

use service_http::endpoint::Endpoints;
use service_http::openapi::{self, problem_response};
use service_http::problem::ProblemBody;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Holdfast payment service",
        description = "Charges and refunds, once per key.",
        license(name = "MIT", identifier = "MIT")
    ),
    components(schemas(ProblemBody<'static>)),
    tags(
        (name = "payments", description = "Charges, their keys, and refunds"),
        (name = "mock provider", description = "The mock provider's behaviour"),
        (name = "admin", description = "The audit log"),
        (name = "operations", description = "Health, readiness and metrics"),
    )
)]
struct Base;

#[must_use]
pub fn document(endpoints: &Endpoints) -> OpenApi {
    openapi::document(Base::openapi(), endpoints, |_, text| problem_response(text))
}
