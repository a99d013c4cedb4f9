//! An event booking with what its page shows beside it.

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

/// `event` is `None` if it was deleted.
pub(super) struct Shown {
    pub(super) booking: EventBooking,
    pub(super) event: Option<Event>,
    /// Deadline for cancelling once it is confirmed.
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

/// An event booking, if it is the user's own.
pub(super) async fn find(
    id: HoldId,
    bookings: &EventBookings,
    session: &PageSession,
) -> Result<EventBooking, Problem> {
    Ok(bookings.find(id).await?.for_caller(&session.caller)?)
}
