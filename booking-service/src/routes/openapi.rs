//! The OpenAPI document, generated from the endpoints.

use service_http::endpoint::Endpoints;
use service_http::openapi::{self, problem_response};
use service_http::problem::ProblemBody;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use crate::routes::refusals::json_api_refusal;
use crate::routes::tickets::json_api::Errors;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Holdfast booking service",
        description = "Bookings and orders of seats, tickets to events, and ticket options.",
        license(name = "MIT", identifier = "MIT")
    ),
    components(schemas(ProblemBody<'static>, Errors)),
    tags(
        (name = "bookings", description = "Bookings by count, paid at once"),
        (name = "orders", description = "Orders with chosen seats, paid by code; and simple orders, not paid here"),
        (name = "seats", description = "The seats of a flight"),
        (name = "users", description = "Users, who book tickets to events"),
        (name = "sessions", description = "Log-in sessions"),
        (name = "events", description = "Events with tickets on sale"),
        (name = "event bookings", description = "Tickets to events, held at once and paid through a queue"),
        (name = "payment queue", description = "Dead letters: payment jobs that kept failing"),
        (name = "vouchers", description = "Discount codes for tickets"),
        (name = "ticket options", description = "Tickets sold without payment, in JSON:API"),
        (name = "ledger", description = "The ledger proof of events and ticket options"),
        (name = "admin", description = "Ending a flight's bookings, and the audit log"),
        (name = "operations", description = "Health, readiness and metrics"),
    )
)]
struct Base;

#[must_use]
pub fn document(endpoints: &Endpoints) -> OpenApi {
    openapi::document(Base::openapi(), endpoints, |path, text| {
        if path.starts_with("/api/") {
            problem_response(text)
        } else {
            json_api_refusal(text)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes::endpoints::endpoints;

    #[test]
    fn every_operation_has_an_id_of_its_own() {
        let document = serde_json::to_value(document(&endpoints(false).unwrap())).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|path| path.as_object().unwrap());
        let mut ids = BTreeSet::new();
        for (method, operation) in operations {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{method} {id}");
        }
    }
}
