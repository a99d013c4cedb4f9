//! For whom each call is. A call that is not here is for admins only; a test of the whole system has a row
//! for each, so that none is forgotten.

use service_core::caller::Role;
use service_http::auth::Rules;
use service_http::auth::access::{ADMINS, Rule, SERVICES};

/// Agents look charges up for their customers.
const READERS: &[Role] = &[Role::Service, Role::Agent];

const RULES: &[Rule] = &[
    Rule::only(SERVICES, "POST", "/api/payments/process").recorded_of_staff("charge.add"),
    Rule::only(SERVICES, "POST", "/api/payments/close").recorded_of_staff("charge.close"),
    Rule::only(SERVICES, "POST", "/api/payments/{id}/refunds").recorded_of_staff("charge.refund"),
    Rule::only(READERS, "GET", "/api/payments"),
    Rule::only(READERS, "GET", "/api/payments/{id}"),
    Rule::only(SERVICES, "POST", "/api/payments/simulate/success")
        .recorded_of_staff("charge.simulate"),
    Rule::only(SERVICES, "POST", "/api/payments/simulate/failure")
        .recorded_of_staff("charge.simulate"),
    Rule::only(SERVICES, "POST", "/api/payments/simulate/timeout")
        .recorded_of_staff("charge.simulate"),
    Rule::only(ADMINS, "GET", "/api/payments/mock"),
    Rule::only(ADMINS, "PUT", "/api/payments/mock").recorded("mock.change"),
];

/// This service's rules.
#[must_use]
pub fn rules() -> Rules {
    Rules::new(RULES)
}
