//! Live seat maps: one upstream stream of flight-service per flight, fanned out to all viewers.

use std::sync::Arc;

use clients::{CallContext, FlightClient, SeatStream};
use flight_api::{Seat, SeatChanges, SeatComparison, SeatUpdate};
use service_core::fan_out::{FanOut, Watching};
use tokio::sync::watch;

use crate::app::AppError;

/// A thousand seats are a fifth of it.
const EVENT_LIMIT_BYTES: usize = 1024 * 1024;

/// A flight's name as requested, and whether seat owners are included.
type Watched = (String, bool);

type News = Arc<SeatUpdate>;

/// The open upstream streams.
#[derive(Clone)]
pub struct SeatFeeds {
    flights: FlightClient,
    watched: FanOut<Watched, News>,
}

impl SeatFeeds {
    #[must_use]
    pub fn new(flights: FlightClient) -> Self {
        Self {
            flights,
            watched: FanOut::default(),
        }
    }

    /// Subscribes to a flight's seats: all seats first, then changes. If the upstream stream breaks, the
    /// subscription ends, and a client reconnects with the version that it has.
    pub async fn watch(
        &self,
        name: &str,
        with_owners: bool,
        context: &CallContext,
    ) -> Result<Watching<News>, AppError> {
        let watched = (name.to_owned(), with_owners);
        if let Some(watching) = self.watched.join(&watched) {
            return Ok(watching);
        }
        let upstream = self.flights.seat_stream(name, context).await;
        let upstream = upstream.map_err(AppError::of_flight(name))?;
        Ok(self
            .watched
            .watch(watched, |tell| follow(upstream, with_owners, tell)))
    }
}

/// Publishes an upstream stream until it ends.
async fn follow(mut upstream: SeatStream, with_owners: bool, tell: watch::Sender<Option<News>>) {
    let mut pending = Vec::new();
    let mut seats = Vec::new();
    let mut comparison = SeatComparison::default();
    while let Some(piece) = upstream.next().await {
        pending.extend_from_slice(piece.as_ref());
        while let Some(event) = whole_event(&mut pending) {
            let Some(changes) = changes_of(&event) else {
                continue;
            };
            let version = changes.version;
            apply(&mut seats, changes);
            let redacted: Vec<Seat> = seats
                .iter()
                .map(|seat| redacted(seat, with_owners))
                .collect();
            match comparison.look(version, redacted) {
                Ok(news) => drop(tell.send_replace(Some(Arc::new(news)))),
                Err(error) => tracing::error!(%error, "serializing seats failed"),
            }
        }
        if pending.len() > EVENT_LIMIT_BYTES {
            tracing::warn!("seat event of flight-service exceeds the size limit");
            return;
        }
    }
}

/// Takes a complete event out of the buffer.
fn whole_event(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = pending.windows(2).position(|pair| pair == b"\n\n")?;
    Some(pending.drain(..end + 2).collect())
}

/// `None` for comments and events without seats.
fn changes_of(event: &[u8]) -> Option<SeatChanges> {
    let event = std::str::from_utf8(event).ok()?;
    let data = event.lines().find_map(|line| line.strip_prefix("data: "))?;
    serde_json::from_str(data).ok()
}

/// Removes the owners for viewers who may not see them.
fn redacted(seat: &Seat, with_owners: bool) -> Seat {
    let mut seat = seat.clone();
    if !with_owners {
        seat.reserved_by = None;
        seat.user_id = None;
    }
    seat
}

/// Keeps the order of the seat map.
fn apply(seats: &mut Vec<Seat>, changes: SeatChanges) {
    if changes.complete {
        *seats = changes.seats;
        return;
    }
    for changed in changes.seats {
        match seats
            .iter_mut()
            .find(|seat| seat.seat_number == changed.seat_number)
        {
            Some(seat) => *seat = changed,
            None => seats.push(changed),
        }
    }
}
