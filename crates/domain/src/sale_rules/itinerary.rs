//! The rules of an itinerary: what a search may return, and what may be sold as one.

use std::ops::Deref;

use std::time::Duration;

use jiff::Timestamp;

use crate::{AirportCode, Currency, FlightId, RefusalCode};

/// Upper limit of legs per itinerary.
pub const LEGS_MAX: usize = 4;

/// Minimum and maximum time from the arrival of a leg to the departure of the next, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionWindow {
    min_s: u32,
    max_s: u32,
}

/// The minimum exceeds the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a connection's least time, {min:?}, is longer than its most, {max:?}")]
pub struct ConnectionWindowReversed {
    /// The minimum.
    pub min: Duration,
    /// The maximum.
    pub max: Duration,
}

impl ConnectionWindow {
    /// Flights are timed to the second, so the minimum is rounded up and the maximum down to whole seconds;
    /// both are capped at 136 years, which no timetable spans.
    ///
    /// # Errors
    /// The minimum exceeds the maximum.
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

    /// Minimum in seconds.
    #[must_use]
    pub fn min_seconds(self) -> u32 {
        self.min_s
    }

    /// Maximum in seconds.
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

/// The properties of a flight that the rules depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The flight's id.
    pub flight: FlightId,
    /// Airport of departure.
    pub source: AirportCode,
    /// Airport of arrival.
    pub destination: AirportCode,
    /// Time of departure.
    pub departs_at: Timestamp,
    /// Time of arrival.
    pub arrives_at: Timestamp,
    /// The currency of its price.
    pub currency: Currency,
}

/// Why flights don't form an itinerary: the first broken rule, worded for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoItinerary {
    /// No flights.
    #[error("an itinerary has at least one flight")]
    Empty,
    /// More than [`LEGS_MAX`] flights.
    #[error("an itinerary has at most {LEGS_MAX} flights")]
    TooManyFlights,
    /// This flight occurs twice.
    #[error("flight {0} is named twice")]
    FlightTwice(FlightId),
    /// A flight departs from another airport than the previous one arrives at.
    #[error(
        "flight {flight} departs from {departs}, but the flight before it arrives at {arrives}"
    )]
    AirportsApart {
        /// The later flight.
        flight: FlightId,
        /// Where the previous flight arrives.
        arrives: AirportCode,
        /// Where the later flight departs.
        departs: AirportCode,
    },
    /// A connection is too short, or negative.
    #[error("flight {flight} departs {}, and a connection takes at least {} min", wait(*.wait_s), min_s.div_ceil(60))]
    ConnectionTooShort {
        /// The later flight.
        flight: FlightId,
        /// Seconds from arrival to departure.
        wait_s: i64,
        /// The minimum in seconds.
        min_s: u32,
    },
    /// A connection is too long.
    #[error("flight {flight} departs {}, and a connection takes at most {} min", wait(*.wait_s), max_s / 60)]
    ConnectionTooLong {
        /// The later flight.
        flight: FlightId,
        /// Seconds from arrival to departure.
        wait_s: i64,
        /// The maximum in seconds.
        max_s: u32,
    },
    /// A flight arrives at an airport that the itinerary has visited.
    #[error("flight {flight} arrives at {airport}, where the journey was before")]
    AirportTwice {
        /// The flight that returns.
        flight: FlightId,
        /// The airport that is visited twice.
        airport: AirportCode,
    },
    /// A flight is priced in another currency than the first.
    #[error("flight {flight} is paid in {other}, and the flights before it in {first}")]
    TwoCurrencies {
        /// The flight that differs.
        flight: FlightId,
        /// The first flight's currency.
        first: Currency,
        /// This flight's currency.
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
    /// The refusal code of the broken rule.
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

/// The ids of an itinerary's flights, in order: one to [`LEGS_MAX`], none twice. The other rules depend on
/// the flights themselves: see [`check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legs(Vec<FlightId>);

impl TryFrom<Vec<FlightId>> for Legs {
    type Error = NoItinerary;

    fn try_from(flights: Vec<FlightId>) -> Result<Self, NoItinerary> {
        if flights.is_empty() {
            return Err(NoItinerary::Empty);
        }
        if flights.len() > LEGS_MAX {
            return Err(NoItinerary::TooManyFlights);
        }
        let repeated = flights
            .iter()
            .enumerate()
            .find(|(at, flight)| flights.iter().take(*at).any(|other| other == *flight));
        match repeated {
            Some((_, flight)) => Err(NoItinerary::FlightTwice(*flight)),
            None => Ok(Self(flights)),
        }
    }
}

impl From<FlightId> for Legs {
    fn from(flight: FlightId) -> Self {
        Self(vec![flight])
    }
}

impl Deref for Legs {
    type Target = [FlightId];

    fn deref(&self) -> &[FlightId] {
        &self.0
    }
}

/// Checks that these flights, in this order, form an itinerary.
///
/// # Errors
/// The first broken rule.
pub fn check(legs: &[Leg], connections: ConnectionWindow) -> Result<(), NoItinerary> {
    let flights: Vec<FlightId> = legs.iter().map(|leg| leg.flight).collect();
    Legs::try_from(flights)?;
    for (index, (before, leg)) in legs.iter().zip(legs.iter().skip(1)).enumerate() {
        check_connection(before, leg, connections)?;
        // All airports visited so far: each flight's source up to this one.
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
    let (min_s, max_s) = (connections.min_seconds(), connections.max_seconds());
    if wait_s < i64::from(min_s) {
        return Err(NoItinerary::ConnectionTooShort {
            flight,
            wait_s,
            min_s,
        });
    }
    if wait_s > i64::from(max_s) {
        return Err(NoItinerary::ConnectionTooLong {
            flight,
            wait_s,
            max_s,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
