//! The endpoints of this service and who may call them, one line each.

use service_core::caller::Role;
use service_http::auth::access::{ADMINS, SERVICES, STAFF, anyone, only};
use service_http::endpoint::Endpoints;
use service_http::endpoints;

use super::{calendar, flights, holds, ledger, search, seat_maps, seats};

/// booking-service shows the proof to staff.
const WATCHERS: &[Role] = &[Role::Agent, Role::Service];

/// The most frequent calls come first.
///
/// # Errors
/// A staff endpoint that changes something without an audit-log entry.
pub fn endpoints() -> anyhow::Result<Endpoints> {
    Endpoints::new(endpoints! {
        // Open to everybody. A valid token says for whom the request counts.
        search::search => anyone(),
        calendar::calendar => anyone(),
        flights::itinerary => anyone(),
        flights::airports => anyone(),
        seats::validate => anyone().read_only(),
        flights::show => anyone(),
        // Owners of seats are shown to staff and to booking-service, which knows their bookings.
        seat_maps::show => anyone(),
        seat_maps::stream => anyone(),
        holds::create => only(SERVICES).recorded_of_staff("hold.add"),
        holds::batch => only(SERVICES).recorded_of_staff("hold.batch"),
        holds::confirm_many => only(SERVICES).recorded_of_staff("hold.confirm"),
        holds::pin => only(SERVICES).recorded_of_staff("hold.pin"),
        holds::confirm => only(SERVICES).recorded_of_staff("hold.confirm"),
        holds::release => only(SERVICES).recorded_of_staff("hold.release"),
        holds::change_seats => only(SERVICES).recorded_of_staff("hold.seats"),
        holds::show => only(SERVICES),
        seats::decrement => only(SERVICES).recorded_of_staff("seats.decrement"),
        seats::increment => only(SERVICES).recorded_of_staff("seats.increment"),
        ledger::proof => only(WATCHERS),
        ledger::show => only(STAFF),
        flights::create => only(ADMINS).recorded("flight.add"),
        // booking-service cancels flights once their bookings are cancelled.
        flights::change => only(SERVICES).recorded("flight.change"),
        flights::cancel => only(SERVICES).recorded("flight.cancel"),
        service_http::audit_log::entries::list => only(ADMINS),
    })
}
