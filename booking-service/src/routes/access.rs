//! For whom each call is. A call that is not here is for admins only; a test of the whole system has a row
//! for each, so that none is forgotten. Whose something is, [`crate::app::accounts::ownership`] decides.

use service_core::caller::Role;
use service_http::auth::Rules;
use service_http::auth::access::{ADMINS, Rule, STAFF, USERS};

const RULES: &[Rule] = &[
    // Bookings by count, orders.
    Rule::only(USERS, "POST", "/api/bookings").recorded_of_staff("booking.add"),
    Rule::only(USERS, "GET", "/api/bookings"),
    Rule::only(USERS, "GET", "/api/bookings/{id}"),
    Rule::only(USERS, "PUT", "/api/bookings/{id}/cancel").recorded_of_staff("booking.cancel"),
    Rule::only(USERS, "POST", "/api/flights/{id}/orders").recorded_of_staff("order.add"),
    Rule::only(USERS, "GET", "/api/orders/{id}"),
    Rule::only(USERS, "DELETE", "/api/orders/{id}").recorded_of_staff("order.cancel"),
    Rule::only(USERS, "POST", "/api/orders/{id}/seats").recorded_of_staff("order.seats"),
    Rule::only(USERS, "POST", "/api/orders/{id}/payment").recorded_of_staff("order.pay"),
    // Who has a seat is told to its owner and to staff.
    Rule::anyone("GET", "/api/flights/{id}/seats"),
    Rule::anyone("GET", "/api/flights/{id}/seats/stream"),
    Rule::only(STAFF, "GET", "/api/ledger/proof"),
    Rule::only(ADMINS, "POST", "/api/admin/flights/{id}/reset").recorded("flight.reset"),
    Rule::only(ADMINS, "POST", "/api/admin/flights/{id}/cancel").recorded("flight.cancel"),
    // Users.
    // With a password: whoever signs up. Without one the handler asks for staff.
    Rule::anyone("POST", "/api/v1/users").recorded("user.add"),
    Rule::only(STAFF, "GET", "/api/v1/users"),
    Rule::only(USERS, "GET", "/api/v1/users/{id}"),
    Rule::only(USERS, "PUT", "/api/v1/users/{id}").recorded("user.change"),
    Rule::only(USERS, "DELETE", "/api/v1/users/{id}").recorded("user.delete"),
    Rule::only(USERS, "PUT", "/api/v1/users/{id}/password").recorded("user.password"),
    // By the address and the password, then by the cookie.
    Rule::public("POST", "/api/v1/sessions"),
    Rule::public("GET", "/api/v1/sessions"),
    Rule::public("DELETE", "/api/v1/sessions"),
    Rule::public("DELETE", "/api/v1/sessions/{id}"),
    Rule::public("GET", "/api/v1/sessions/current"),
    Rule::public("DELETE", "/api/v1/sessions/current"),
    // Events and what they bring in.
    Rule::anyone("GET", "/api/v1/events"),
    Rule::anyone("GET", "/api/v1/events/{id}"),
    Rule::only(ADMINS, "POST", "/api/v1/events").recorded("event.add"),
    Rule::only(ADMINS, "PUT", "/api/v1/events/{id}").recorded("event.change"),
    Rule::only(ADMINS, "DELETE", "/api/v1/events/{id}").recorded("event.delete"),
    Rule::only(STAFF, "GET", "/api/v1/events/{id}/statistics"),
    // Bookings of tickets, their payments, and what makes them cheaper: a voucher's code is a secret.
    Rule::only(USERS, "POST", "/api/v1/bookings").recorded_of_staff("tickets.add"),
    Rule::only(USERS, "GET", "/api/v1/bookings/{id}"),
    Rule::only(USERS, "PUT", "/api/v1/bookings/{id}/cancel").recorded_of_staff("tickets.cancel"),
    Rule::only(USERS, "GET", "/api/v1/bookings/user/{id}"),
    Rule::only(STAFF, "GET", "/api/v1/payments/dead-letters"),
    Rule::only(STAFF, "GET", "/api/v1/payments/dead-letters/{id}"),
    Rule::only(STAFF, "POST", "/api/v1/payments/dead-letters/{id}/requeue")
        .recorded("payment.requeue"),
    Rule::only(STAFF, "GET", "/api/v1/vouchers"),
    Rule::only(STAFF, "GET", "/api/v1/vouchers/{code}"),
    Rule::only(ADMINS, "POST", "/api/v1/vouchers").recorded("voucher.add"),
    // Ticket options.
    Rule::anyone("GET", "/ticket_options/{id}"),
    Rule::only(ADMINS, "POST", "/ticket_options").recorded("ticket_option.add"),
    Rule::only(USERS, "GET", "/purchases/{id}"),
];

/// Those who sell what is not paid here.
const SELLERS: &[Role] = &[Role::Agent, Role::Service];

/// They, and customers.
const SELLERS_AND_CUSTOMERS: &[Role] = &[Role::Agent, Role::Service, Role::Customer];

/// This service's rules; whether customers buy what they never pay is a setting.
#[must_use]
pub fn rules(buy_without_paying: bool) -> Rules {
    let buyers = if buy_without_paying {
        SELLERS_AND_CUSTOMERS
    } else {
        SELLERS
    };
    let unpaid = [
        Rule::only(buyers, "POST", "/api/orders").recorded_of_staff("order.add"),
        Rule::only(buyers, "POST", "/purchases").recorded_of_staff("purchase.add"),
    ];
    Rules::new(&[RULES, &unpaid].concat())
}
