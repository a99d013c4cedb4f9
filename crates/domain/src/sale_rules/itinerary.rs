//! Which flights are one itinerary: what a search may answer, and what may be sold as one.

use std::time::Duration;

use jiff::Timestamp;

use crate::{AirportCode, Currency, FlightId, RefusalCode};

/// The most flights of an itinerary.
pub const MAX_LEGS: usize = 4;

/// How long a connection lasts, from the arrival of a leg to the departure of the next: at least
/// and at most, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionWindow {
    min_s: u32,
    max_s: u32,
}

/// The least time for a connection is longer than the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a connection's least time, {min:?}, is longer than its most, {max:?}")]
pub struct ConnectionWindowReversed {
    /// The least time.
    pub min: Duration,
    /// The most.
    pub max: Duration,
}

impl ConnectionWindow {
    /// A window. Flights are to the second, so the least time counts from the next whole second and
    /// the most to the last; beyond 136 years, which no timetable spans, both count as 136 years.
    ///
    /// # Errors
    /// When the least time is longer than the most.
    pub fn new(min: Duration, max: Duration) -> Result<Self, ConnectionWindowReversed> {
        if min > max {
            return Err(ConnectionWindowReversed { min, max });
        }
        let started_second = u64::from(min.subsec_nanos() > 0);
        let min_s = min.as_secs().saturating_add(started_second);
        Ok(Self {
            min_s: u32::try_from(min_s).unwrap_or(u32::MAX),
            max_s: u32::try_from(max.as_secs()).unwrap_or(u32::MAX),
        })
    }

    /// The least time, in seconds.
    #[must_use]
    pub fn min_seconds(self) -> u32 {
        self.min_s
    }

    /// The most time, in seconds.
    #[must_use]
    pub fn max_seconds(self) -> u32 {
        self.max_s
    }
}

impl Default for ConnectionWindow {
    /// 45 minutes to 4 hours.
    fn default() -> Self {
        Self {
            min_s: 45 * 60,
            max_s: 4 * 60 * 60,
        }
    }
}

/// A flight, as far as an itinerary depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Its id.
    pub flight: FlightId,
    /// Where it departs.
    pub source: AirportCode,
    /// Where it arrives.
    pub destination: AirportCode,
    /// When it departs.
    pub departs_at: Timestamp,
    /// When it arrives.
    pub arrives_at: Timestamp,
    /// The currency of its price.
    pub currency: Currency,
}

/// Why flights are no itinerary: the first rule that they break, in the words of whoever asked for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoItinerary {
    /// There is none.
    #[error("an itinerary has at least one flight")]
    Empty,
    /// There are too many.
    #[error("an itinerary has at most {MAX_LEGS} flights")]
    TooManyFlights,
    /// One comes twice.
    #[error("flight {0} is named twice")]
    FlightTwice(FlightId),
    /// One does not depart where the one before it arrives.
    #[error(
        "flight {flight} departs from {departs}, but the flight before it arrives at {arrives}"
    )]
    AirportsApart {
        /// The later flight.
        flight: FlightId,
        /// Where the flight before it arrives.
        arrives: AirportCode,
        /// Where it departs.
        departs: AirportCode,
    },
    /// One departs too soon after the one before it arrives, or before that.
    #[error("flight {flight} departs {}, and a connection takes at least {} min", wait(*.wait_s), least_s.div_ceil(60))]
    ConnectionTooShort {
        /// The later flight.
        flight: FlightId,
        /// From the arrival to the departure, in seconds.
        wait_s: i64,
        /// What it has to be at least, in seconds.
        least_s: u32,
    },
    /// One departs too long after the one before it arrives.
    #[error("flight {flight} departs {}, and a connection takes at most {} min", wait(*.wait_s), most_s / 60)]
    ConnectionTooLong {
        /// The later flight.
        flight: FlightId,
        /// From the arrival to the departure, in seconds.
        wait_s: i64,
        /// What it may be at most, in seconds.
        most_s: u32,
    },
    /// One comes back to where the journey was before.
    #[error("flight {flight} arrives at {airport}, where the journey was before")]
    AirportTwice {
        /// The flight.
        flight: FlightId,
        /// The airport.
        airport: AirportCode,
    },
    /// One is paid in another currency than the first.
    #[error("flight {flight} is paid in {other}, and the flights before it in {first}")]
    TwoCurrencies {
        /// The flight.
        flight: FlightId,
        /// The first flight's currency.
        first: Currency,
        /// Its own.
        other: Currency,
    },
}

/// `30 min after the flight before it arrives`.
fn wait(wait_s: i64) -> String {
    let minutes = wait_s.unsigned_abs() / 60;
    let side = if wait_s < 0 { "before" } else { "after" };
    format!("{minutes} min {side} the flight before it arrives")
}

impl NoItinerary {
    /// The code of the rule.
    #[must_use]
    pub fn code(&self) -> RefusalCode {
        match self {
            Self::Empty => RefusalCode::NoFlights,
            Self::TooManyFlights => RefusalCode::TooManyFlights,
            Self::FlightTwice(_) => RefusalCode::FlightTwice,
            Self::AirportsApart { .. } => RefusalCode::AirportsApart,
            Self::ConnectionTooShort { .. } => RefusalCode::ConnectionTooShort,
            Self::ConnectionTooLong { .. } => RefusalCode::ConnectionTooLong,
            Self::AirportTwice { .. } => RefusalCode::AirportTwice,
            Self::TwoCurrencies { .. } => RefusalCode::TwoCurrencies,
        }
    }
}

/// That so many flights can be one itinerary, and none comes twice: what can be said before anything is known
/// of them.
///
/// # Errors
/// The first rule that they break.
pub fn check_flights(flights: &[FlightId]) -> Result<(), NoItinerary> {
    if flights.is_empty() {
        return Err(NoItinerary::Empty);
    }
    if flights.len() > MAX_LEGS {
        return Err(NoItinerary::TooManyFlights);
    }
    let repeated = flights
        .iter()
        .enumerate()
        .find(|(at, flight)| flights.iter().take(*at).any(|other| other == *flight));
    match repeated {
        Some((_, flight)) => Err(NoItinerary::FlightTwice(*flight)),
        None => Ok(()),
    }
}

/// That these flights, in this order, are one itinerary.
///
/// # Errors
/// The first rule that they break.
pub fn check(legs: &[Leg], connections: ConnectionWindow) -> Result<(), NoItinerary> {
    let flights: Vec<FlightId> = legs.iter().map(|leg| leg.flight).collect();
    check_flights(&flights)?;
    for (index, (before, leg)) in legs.iter().zip(legs.iter().skip(1)).enumerate() {
        check_connection(before, leg, connections)?;
        // All that came before: where each flight departed, the first one's source among them.
        let mut visited = legs.iter().take(index + 2).map(|leg| leg.source);
        if visited.any(|airport| airport == leg.destination) {
            return Err(NoItinerary::AirportTwice {
                flight: leg.flight,
                airport: leg.destination,
            });
        }
        if leg.currency != before.currency {
            return Err(NoItinerary::TwoCurrencies {
                flight: leg.flight,
                first: before.currency,
                other: leg.currency,
            });
        }
    }
    Ok(())
}

fn check_connection(
    before: &Leg,
    leg: &Leg,
    connections: ConnectionWindow,
) -> Result<(), NoItinerary> {
    let flight = leg.flight;
    if leg.source != before.destination {
        return Err(NoItinerary::AirportsApart {
            flight,
            arrives: before.destination,
            departs: leg.source,
        });
    }
    let wait_s = leg.departs_at.as_second() - before.arrives_at.as_second();
    let (least_s, most_s) = (connections.min_seconds(), connections.max_seconds());
    if wait_s < i64::from(least_s) {
        return Err(NoItinerary::ConnectionTooShort {
            flight,
            wait_s,
            least_s,
        });
    }
    if wait_s > i64::from(most_s) {
        return Err(NoItinerary::ConnectionTooLong {
            flight,
            wait_s,
            most_s,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
