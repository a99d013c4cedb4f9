//! The seats of flights as they change: one stream of flight-service's for all who watch a flight here.

use std::sync::Arc;

use clients::{CallContext, FlightClient, SeatStream};
use flight_api::{Seat, SeatChanges, SeatComparison, SeatNews};
use service_core::fan_out::{FanOut, Watching};
use tokio::sync::watch;

use crate::app::AppError;
use crate::app::bookings::granted::granted_of;

/// The longest event that is taken: a thousand seats are a fifth of it.
const EVENT_LIMIT_BYTES: usize = 1024 * 1024;

/// A flight, by the name that it is asked for by, and whether it is said who has its seats.
type Watched = (String, bool);

type News = Arc<SeatNews>;

/// What is watched just now.
#[derive(Clone)]
pub struct SeatFeeds {
    flights: FlightClient,
    watched: FanOut<Watched, News>,
}

impl SeatFeeds {
    /// Nothing yet.
    #[must_use]
    pub fn new(flights: FlightClient) -> Self {
        Self {
            flights,
            watched: FanOut::default(),
        }
    }

    /// The seats of a flight, and from then on as they change. When flight-service's stream breaks off, so does
    /// this: a client comes back with the version that it has.
    ///
    /// # Errors
    /// When there is no such flight, or flight-service does not answer.
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
        let upstream = granted_of(name, upstream)?;
        Ok(self
            .watched
            .watch(watched, |tell| follow(upstream, with_owners, tell)))
    }
}

/// Tells of what a stream brings, to its end.
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
            let told: Vec<Seat> = seats.iter().map(|seat| told(seat, with_owners)).collect();
            match comparison.look(version, told) {
                Ok(news) => drop(tell.send_replace(Some(Arc::new(news)))),
                Err(error) => tracing::error!(%error, "seats can't be written as JSON"),
            }
        }
        if pending.len() > EVENT_LIMIT_BYTES {
            tracing::warn!("an event of flight-service is too long");
            return;
        }
    }
}

/// An event that has come in full.
fn whole_event(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = pending.windows(2).position(|pair| pair == b"\n\n")?;
    Some(pending.drain(..end + 2).collect())
}

/// What an event says of seats; comments say nothing.
fn changes_of(event: &[u8]) -> Option<SeatChanges> {
    let event = std::str::from_utf8(event).ok()?;
    let data = event.lines().find_map(|line| line.strip_prefix("data: "))?;
    serde_json::from_str(data).ok()
}

/// Those who are not told are told the same, but for who has a seat.
fn told(seat: &Seat, with_owners: bool) -> Seat {
    let mut seat = seat.clone();
    if !with_owners {
        seat.reserved_by = None;
        seat.user_id = None;
    }
    seat
}

/// The seats keep their order, which is that of the map.
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
