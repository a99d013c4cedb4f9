//! The OpenAPI document, made from the routes that it describes.

use service_http::openapi::{add_access, add_operations, problem_response};
use service_http::problem::ProblemBody;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use super::{charges, mock, refunds};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holdfast payment service",
        description = "Charges and refunds, once per key.",
        license(name = "MIT", identifier = "MIT")
    ),
    paths(
        charges::process,
        charges::simulate_success,
        charges::simulate_failure,
        charges::simulate_timeout,
        charges::by_key,
        charges::close,
        charges::by_id,
        refunds::refund,
        mock::show,
        mock::change,
        service_http::audit_log::list,
    ),
    components(schemas(ProblemBody<'static>)),
    tags(
        (name = "payments", description = "Charges, their keys, and refunds"),
        (name = "mock provider", description = "How the mock provider behaves"),
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
