//! A booking of tickets with what is shown beside it.

use crate::app::accounts::ownership::Owned as _;
use crate::app::tickets::event_bookings::EventBookings;
use crate::app::tickets::events::Events;
use crate::model::booking::Channel;
use crate::model::event::Event;
use crate::model::event_booking::EventBooking;

use crate::pages::session::PageSession;

use domain::HoldId;
use domain::sale_rules::Cutoff;
use service_http::Problem;

/// A booking of tickets and the event that it is for, unless that was deleted.
pub(super) struct Shown {
    pub(super) booking: EventBooking,
    pub(super) event: Option<Event>,
    /// Until when its customer can cancel it once it is confirmed.
    pub(super) cutoff: Cutoff,
}

impl Shown {
    pub(super) async fn of(
        booking: EventBooking,
        bookings: &EventBookings,
        events: &Events,
    ) -> Self {
        Self {
            cutoff: bookings.bookings.cutoffs.of(Channel::Event),
            event: events.find(booking.event).await.ok(),
            booking,
        }
    }
}

/// A booking of the session's.
pub(super) async fn find(
    id: HoldId,
    bookings: &EventBookings,
    session: &PageSession,
) -> Result<EventBooking, Problem> {
    Ok(bookings.find(id).await?.for_caller(&session.caller)?)
}
