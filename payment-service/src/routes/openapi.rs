//! The OpenAPI document, made from the routes that it describes.

use service_http::openapi::{add_access, add_operations, problem_response};
use service_http::problem::ProblemBody;
use service_http::refusals;
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

refusals! {
    /// How a body is refused before it is understood.
    BodyRefusals {
        "400": "The request is malformed; `errors` names the fields",
        "413": "The body is too large",
        "415": "The body is not JSON",
    }
    /// How a query is refused.
    QueryRefusals {
        "400": "A parameter is missing or malformed; `errors` names it",
    }
    /// How a charge is refused, besides its body.
    ChargeRefusals {
        "409": "`idempotency_in_progress`: a request with this key still runs; `key_closed`: no charge will be made with it",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another body or call before",
        "503": "The outcome is not known yet, or nothing was done: ask again with the same key",
    }
    /// How closing a key is refused, besides its body.
    CloseRefusals {
        "409": "`idempotency_in_progress`: its charge still runs",
        "503": "Not known yet: ask again",
    }
    /// How a look-up is refused.
    LookupRefusals {
        "404": "There is no such charge",
        "503": "Ask again soon",
    }
    /// How a refund is refused, besides its body.
    RefundRefusals {
        "404": "There is no such charge",
        "409": "`refund_exceeds_charge`: less is left of it; `not_captured`: it has taken no money",
        "422": "`idempotency_key_reused`: the key came with another refund before",
        "503": "Nothing was done, or it is not known: ask again with the same key",
    }
}
