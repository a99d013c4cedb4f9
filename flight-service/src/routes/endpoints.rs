//! The calls of this service, and for whom each is: a line for each.

use service_core::caller::Role;
use service_http::auth::access::{ADMINS, SERVICES, STAFF, anyone, only};
use service_http::endpoint::Endpoints;
use service_http::endpoints;

use super::{calendar, flights, holds, ledger, search, seat_maps, seats};

/// booking-service shows the proof to those who run it.
const WATCHERS: &[Role] = &[Role::Agent, Role::Service];

/// This service's calls. What is asked most comes first.
///
/// # Errors
/// When staff could change something that is not recorded.
pub fn endpoints() -> anyhow::Result<Endpoints> {
    Endpoints::new(endpoints! {
        // For everybody. A token that holds says whom the request counts for.
        search::search => anyone(),
        calendar::calendar => anyone(),
        flights::itinerary => anyone(),
        flights::airports => anyone(),
        seats::validate => anyone().read_only(),
        flights::show => anyone(),
        // Who has a seat is told to staff and to booking-service, which knows its owner.
        seat_maps::show => anyone(),
        seat_maps::stream => anyone(),
        holds::create => only(SERVICES).recorded_of_staff("hold.add"),
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
        // booking-service cancels the flights whose bookings it has ended.
        flights::change => only(SERVICES).recorded("flight.change"),
        flights::cancel => only(SERVICES).recorded("flight.cancel"),
        service_http::audit_log::entries::list => only(ADMINS),
    })
}
