//! The OpenAPI document, made from the calls that it describes.

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
        (name = "orders", description = "Orders with chosen seats, paid by code; and simple ones, not paid here"),
        (name = "seats", description = "The seats of a flight"),
        (name = "users", description = "Those who book tickets to events"),
        (name = "sessions", description = "Logging in and out"),
        (name = "events", description = "What they book tickets to"),
        (name = "event bookings", description = "Tickets to events, held at once and paid through a queue"),
        (name = "payment queue", description = "Payments of tickets that keep failing"),
        (name = "vouchers", description = "Codes that take something off the price of tickets"),
        (name = "ticket options", description = "Tickets that are sold at once, in JSON:API"),
        (name = "ledger", description = "The proof of the double entries of events and ticket options"),
        (name = "admin", description = "The end of all bookings of a flight, and what admins did"),
        (name = "operations", description = "For those who run the service"),
    )
)]
struct Base;

/// What this service speaks.
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
