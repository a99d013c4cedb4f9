//! The API's endpoints, one line each, with the roles that may call them. Ownership of a resource is checked
//! by [`crate::app::accounts::ownership`].

use service_core::caller::Role;
use service_http::auth::access::{ADMINS, STAFF, USERS, anyone, only, public};
use service_http::endpoint::Endpoints;
use service_http::endpoints;

use crate::routes::accounts::{sessions, users};
use crate::routes::bookings::{admin, by_count, flights, orders, simple_orders};
use crate::routes::operations::ledger;
use crate::routes::tickets::{
    dead_letters, event_bookings, events, purchases, ticket_options, vouchers,
};

/// Roles that may sell without payment.
const SELLERS: &[Role] = &[Role::Agent, Role::Service];

/// The same, and customers.
const SELLERS_AND_CUSTOMERS: &[Role] = &[Role::Agent, Role::Service, Role::Customer];

/// `buy_without_paying` is the setting that admits customers to purchases. Fails if staff could change
/// something that is not recorded in the audit log.
pub fn endpoints(buy_without_paying: bool) -> anyhow::Result<Endpoints> {
    let buyers = if buy_without_paying {
        SELLERS_AND_CUSTOMERS
    } else {
        SELLERS
    };
    Endpoints::new(endpoints! {
        by_count::create => only(USERS).recorded_of_staff("booking.add"),
        by_count::list => only(USERS),
        by_count::show => only(USERS),
        by_count::cancel => only(USERS).recorded_of_staff("booking.cancel"),
        orders::create => only(USERS).recorded_of_staff("order.add"),
        simple_orders::create => only(buyers).recorded_of_staff("order.add"),
        orders::show => only(USERS),
        orders::cancel => only(USERS).recorded_of_staff("order.cancel"),
        orders::change_seats => only(USERS).recorded_of_staff("order.seats"),
        orders::pay => only(USERS).recorded_of_staff("order.pay"),
        // The handler shows a seat's owner to the owner and to staff only.
        flights::seats => anyone(),
        flights::stream => anyone(),
        admin::reset => only(ADMINS).recorded("flight.reset"),
        admin::cancel => only(ADMINS).recorded("flight.cancel"),
        ledger::proof => only(STAFF),
        service_http::audit_log::entries::list => only(ADMINS),

        // Public with a password (sign-up); without one the handler asks for staff.
        users::create => anyone().recorded("user.add"),
        users::list => only(STAFF),
        users::show => only(USERS),
        users::change => only(USERS).recorded("user.change"),
        users::delete => only(USERS).recorded("user.delete"),
        sessions::change_password => only(USERS).recorded("user.password"),
        // Authenticated by e-mail address and password, then by cookie.
        sessions::create => public(),
        sessions::list => public(),
        sessions::end_others => public(),
        sessions::show => public(),
        sessions::delete => public(),
        sessions::end_one => public(),

        ticket_options::create => only(ADMINS).recorded("ticket_option.add"),
        ticket_options::show => anyone(),
        purchases::create => only(buyers).recorded_of_staff("purchase.add"),
        purchases::show => only(USERS),
        events::list => anyone(),
        events::show => anyone(),
        events::create => only(ADMINS).recorded("event.add"),
        events::change => only(ADMINS).recorded("event.change"),
        events::delete => only(ADMINS).recorded("event.delete"),
        events::statistics => only(STAFF),
        event_bookings::create => only(USERS).recorded_of_staff("tickets.add"),
        event_bookings::list => only(USERS),
        event_bookings::show => only(USERS),
        event_bookings::cancel => only(USERS).recorded_of_staff("tickets.cancel"),
        dead_letters::list => only(STAFF),
        dead_letters::show => only(STAFF),
        dead_letters::requeue => only(STAFF).recorded("payment.requeue"),
        // A voucher's code is a secret.
        vouchers::list => only(STAFF),
        vouchers::show => only(STAFF),
        vouchers::create => only(ADMINS).recorded("voucher.add"),
    })
}
