//! The endpoints of this service and who may call them, one line each.

use service_core::caller::Role;
use service_http::auth::access::{ADMINS, SERVICES, only};
use service_http::endpoint::{Endpoint, Endpoints};
use service_http::endpoints;

use super::{charges, mock, refunds};

/// Agents look charges up for their customers.
const READERS: &[Role] = &[Role::Service, Role::Agent];

/// # Errors
/// A staff endpoint that changes something without an audit-log entry.
pub fn endpoints() -> anyhow::Result<Endpoints> {
    Endpoints::new(own())
}

/// [`endpoints()`] and those of the mock provider.
pub fn with_mock() -> anyhow::Result<Endpoints> {
    let mut all = own();
    all.extend(endpoints! {
        mock::show => only(ADMINS),
        mock::change => only(ADMINS).recorded("mock.change"),
    });
    Endpoints::new(all)
}

fn own() -> Vec<Endpoint> {
    endpoints! {
        charges::process => only(SERVICES).recorded_of_staff("charge.add"),
        charges::process_batch => only(SERVICES).recorded_of_staff("charge.batch"),
        charges::close => only(SERVICES).recorded_of_staff("charge.close"),
        charges::by_key => only(READERS),
        charges::simulate_success => only(SERVICES).recorded_of_staff("charge.simulate"),
        charges::simulate_failure => only(SERVICES).recorded_of_staff("charge.simulate"),
        charges::simulate_timeout => only(SERVICES).recorded_of_staff("charge.simulate"),
        refunds::refund => only(SERVICES).recorded_of_staff("charge.refund"),
        charges::by_id => only(READERS),
        service_http::audit_log::entries::list => only(ADMINS),
    }
}
