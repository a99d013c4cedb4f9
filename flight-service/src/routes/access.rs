//! For whom each call is. A call that is not here is for admins only; a test of the whole system has a row
//! for each, so that none is forgotten.

use service_core::caller::Role;
use service_http::auth::Rules;
use service_http::auth::access::{ADMINS, Rule, SERVICES, STAFF};

/// booking-service shows the proof to those who run it.
const WATCHERS: &[Role] = &[Role::Agent, Role::Service];

const RULES: &[Rule] = &[
    // For everybody. A token that holds says whom the request counts for.
    Rule::anyone("GET", "/api/flights/search"),
    Rule::anyone("GET", "/api/flights/calendar"),
    Rule::anyone("GET", "/api/flights/itinerary"),
    Rule::anyone("GET", "/api/airports"),
    Rule::anyone("GET", "/api/flights/{id}"),
    Rule::anyone("POST", "/api/flights/validate").read_only(),
    // Who has a seat is told to staff and to booking-service, which knows its owner.
    Rule::anyone("GET", "/api/flights/{id}/seats"),
    Rule::anyone("GET", "/api/flights/{id}/seats/stream"),
    Rule::only(STAFF, "GET", "/api/flights/{id}/ledger"),
    Rule::only(WATCHERS, "GET", "/api/ledger/proof"),
    Rule::only(ADMINS, "POST", "/api/flights").recorded("flight.add"),
    // booking-service cancels the flights whose bookings it has ended.
    Rule::only(SERVICES, "PATCH", "/api/flights/{id}").recorded("flight.change"),
    Rule::only(SERVICES, "DELETE", "/api/flights/{id}").recorded("flight.cancel"),
    Rule::only(SERVICES, "POST", "/api/flights/seats/decrement")
        .recorded_of_staff("seats.decrement"),
    Rule::only(SERVICES, "POST", "/api/flights/seats/increment")
        .recorded_of_staff("seats.increment"),
    Rule::only(SERVICES, "POST", "/api/holds").recorded_of_staff("hold.add"),
    Rule::only(SERVICES, "GET", "/api/holds/{id}"),
    Rule::only(SERVICES, "POST", "/api/holds/confirm").recorded_of_staff("hold.confirm"),
    Rule::only(SERVICES, "POST", "/api/holds/{id}/pin").recorded_of_staff("hold.pin"),
    Rule::only(SERVICES, "POST", "/api/holds/{id}/confirm").recorded_of_staff("hold.confirm"),
    Rule::only(SERVICES, "POST", "/api/holds/{id}/release").recorded_of_staff("hold.release"),
    Rule::only(SERVICES, "POST", "/api/holds/{id}/seats").recorded_of_staff("hold.seats"),
];

/// This service's rules.
#[must_use]
pub fn rules() -> Rules {
    Rules::new(RULES)
}
