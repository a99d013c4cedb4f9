//! The OpenAPI document, made from the routes that it describes.

use service_http::openapi::{add_access, add_operations, problem_response};
use service_http::problem::ProblemBody;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use crate::routes::accounts::sessions;
use crate::routes::accounts::users;
use crate::routes::bookings::admin;
use crate::routes::bookings::by_count;
use crate::routes::bookings::flights;
use crate::routes::bookings::orders;
use crate::routes::bookings::simple_orders;
use crate::routes::operations::ledger;
use crate::routes::refusals::json_api_refusal;
use crate::routes::tickets::dead_letters;
use crate::routes::tickets::event_bookings;
use crate::routes::tickets::events;
use crate::routes::tickets::json_api::Errors;
use crate::routes::tickets::purchases;
use crate::routes::tickets::ticket_options;
use crate::routes::tickets::vouchers;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holdfast booking service",
        description = "Bookings and orders of seats, tickets to events, and ticket options.",
        license(name = "MIT", identifier = "MIT")
    ),
    paths(
        by_count::create, by_count::list, by_count::show, by_count::cancel,
        orders::create, orders::show, orders::change_seats, orders::pay, orders::cancel,
        simple_orders::create, flights::seats, flights::stream, admin::reset, admin::cancel,
        ledger::proof,
        users::create, users::list, users::show, users::change, users::delete,
        sessions::create,
        sessions::list,
        sessions::end_others,
        sessions::end_one, sessions::show, sessions::delete, sessions::change_password,
        events::create, events::list, events::show, events::change, events::delete, events::statistics,
        event_bookings::create, event_bookings::show, event_bookings::list, event_bookings::cancel,
        dead_letters::list, dead_letters::show, dead_letters::requeue,
        vouchers::create, vouchers::list, vouchers::show,
        ticket_options::create, ticket_options::show, purchases::create, purchases::show,
        service_http::audit_log::list,
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
struct Api;

/// What this service speaks.
#[must_use]
pub fn document() -> Document {
    let mut document = Api::openapi();
    add_operations(&mut document);
    add_access(
        &mut document,
        &crate::routes::access::rules(false),
        |path, text| {
            if path.starts_with("/api/") {
                problem_response(text)
            } else {
                json_api_refusal(text)
            }
        },
    );
    document
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_has_an_id_of_its_own() {
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|path| path.as_object().unwrap());
        let mut ids = BTreeSet::new();
        for (method, operation) in operations {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{method} {id}");
        }
    }
}
