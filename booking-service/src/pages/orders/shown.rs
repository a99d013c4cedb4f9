//! An order with what its page shows beside it.

use crate::app::accounts::ownership::Owned as _;
use crate::app::bookings::orders::Orders;
use crate::app::catalog::{Airports, Catalog};
use crate::model::booking::Booking;
use crate::pages::itinerary_view;

use crate::pages::session::PageSession;

use clients::CallContext;
use domain::sale_rules::Cutoff;
use domain::{FlightId, HoldId};
use flight_api::Flight;
use service_http::Problem;
use std::sync::Arc;

/// Flights that could not be read are `None`.
pub(super) struct Shown {
    pub(super) order: Booking,
    pub(super) flights: Vec<Option<Flight>>,
    pub(super) airports: Arc<Airports>,
    /// Payment attempts allowed.
    pub(super) attempts_max: u8,
    /// Deadline for cancelling once it is confirmed.
    pub(super) cutoff: Cutoff,
}

impl Shown {
    pub(super) async fn of(
        order: Booking,
        catalog: &Catalog,
        orders: &Orders,
        context: &CallContext,
    ) -> Self {
        let ids: Vec<FlightId> = order.legs.iter().map(|leg| leg.flight).collect();
        let (flights, airports) =
            futures_util::join!(catalog.flights(&ids, context), catalog.airports(context));
        Self {
            attempts_max: orders.bookings.engine.policy(&order).max_attempts,
            cutoff: orders.bookings.cutoffs.of(order.channel),
            order,
            flights,
            airports: airports.unwrap_or_default(),
        }
    }

    pub(super) fn title(&self) -> String {
        let known = self.flights.iter().flatten();
        let known: Vec<&Flight> = known.collect();
        itinerary_view::title(known.into_iter(), &self.airports)
    }
}

/// An order, if it is the user's own.
pub(super) async fn find(
    id: HoldId,
    orders: &Orders,
    session: &PageSession,
) -> Result<Booking, Problem> {
    Ok(orders.find(id).await?.for_caller(&session.caller)?)
}
