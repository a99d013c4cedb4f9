//! Admin actions on a flight's bookings, and the seat map with owners.

use std::collections::HashSet;

use clients::CallContext;
use domain::{FlightId, HoldId};
use flight_api::{FlightChange, FlightStatus, SeatMap};
use futures_util::stream::{self, StreamExt as _};
use service_core::caller::Caller;

use crate::app::AppError;
use crate::app::bookings::by_count::Bookings;
use crate::db;
use crate::model::actor::Actor;
use crate::model::booking::Booking;

/// Bookings ended concurrently.
const CANCEL_CONCURRENCY: usize = 16;

/// Bookings read per round.
const FOUND_AT_ONCE: i64 = 500;

#[derive(Clone)]
pub struct Flights {
    pub bookings: Bookings,
}

impl Flights {
    /// The id of a flight named by id or flight number.
    pub async fn id_of(&self, name: &str, context: &CallContext) -> Result<FlightId, AppError> {
        if let Ok(id) = name.parse() {
            return Ok(id);
        }
        let flight = self
            .bookings
            .engine
            .flights
            .find_flight(name, context)
            .await;
        Ok(flight.map_err(AppError::of_flight(name))?.id)
    }

    /// The seats of a flight. Owners are shown to themselves and to staff only.
    pub async fn seats(
        &self,
        name: &str,
        caller: &Caller,
        context: &CallContext,
    ) -> Result<SeatMap, AppError> {
        let map = self.bookings.engine.flights.seat_map(name, context).await;
        let mut map = map.map_err(AppError::of_flight(name))?;
        // Anonymous callers own nothing, so no owner is looked up for them.
        let seats = map.seats.iter().filter(|_| caller.role().is_some());
        let orders: Vec<HoldId> = seats
            .filter_map(|seat| seat.reserved_by.as_ref()?.parse().ok())
            .collect();
        if !orders.is_empty() {
            let users = db::bookings::users_of(&self.bookings.engine.database, &orders).await?;
            for seat in &mut map.seats {
                let order: Option<HoldId> = seat
                    .reserved_by
                    .as_ref()
                    .and_then(|owner| owner.parse().ok());
                seat.user_id = order.and_then(|order| users.get(&order).cloned());
            }
        }
        for seat in &mut map.seats {
            let owner = seat.user_id.as_deref();
            if !caller.is_staff() && !owner.is_some_and(|owner| caller.may_act_for(owner)) {
                seat.reserved_by = None;
                seat.user_id = None;
            }
        }
        Ok(map)
    }

    /// Ends and refunds all bookings and orders with seats on a flight; the seats are released when this
    /// returns. Returns their number. If some could not be ended yet, this fails and workers end them later.
    pub async fn reset(&self, flight: FlightId, context: &CallContext) -> Result<usize, AppError> {
        let mut ended = HashSet::new();
        loop {
            let database = &self.bookings.engine.database;
            let live = db::bookings::of_flight(database, flight, FOUND_AT_ONCE).await?;
            if live.is_empty() {
                return Ok(ended.len());
            }
            let met_before = ended.len();
            ended.extend(live.iter().map(|booking| booking.id));
            if ended.len() == met_before {
                // All of them have ended, but flight-service has not released some seats yet.
                return Err(AppError::NotFreeYet(flight));
            }
            let mut ending = stream::iter(live)
                .map(|booking| self.end(booking, context.clone()))
                .buffer_unordered(CANCEL_CONCURRENCY);
            while let Some(outcome) = ending.next().await {
                outcome?;
            }
        }
    }

    async fn end(&self, booking: Booking, context: CallContext) -> Result<(), AppError> {
        match self.bookings.abandon(booking, Actor::Staff, context).await {
            Ok(_) | Err(AppError::NotCancellable(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Cancels a flight: closes its sales, ends its bookings, removes it from the schedule. Idempotent: after
    /// a failure it may be repeated.
    pub async fn cancel(&self, flight: FlightId, context: &CallContext) -> Result<usize, AppError> {
        let name = flight.to_string();
        let flights = &self.bookings.engine.flights;
        let closed = FlightChange {
            status: Some(FlightStatus::Closed),
            ..FlightChange::default()
        };
        let closing = flights.change_flight(flight, &closed, context).await;
        closing.map_err(AppError::of_flight(&name))?;
        let ended = self.reset(flight, context).await?;
        let cancelling = flights.cancel_flight(flight, context).await;
        cancelling.map_err(AppError::of_flight(&name))?;
        Ok(ended)
    }
}
