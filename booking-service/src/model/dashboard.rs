//! What the dashboard shows, and how bookings are filtered.

use domain::{BookingId, Currency, FlightId};
use jiff::civil::Date;
use uuid::Uuid;

/// Which time is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Span {
    /// The last hour, in minutes.
    #[default]
    Hour,
    /// The last day, in half hours.
    Day,
    /// The last week, in periods of three hours.
    Week,
}

impl Span {
    /// How many parts it has.
    #[must_use]
    pub fn parts(self) -> usize {
        match self {
            Self::Hour => 60,
            Self::Day => 48,
            Self::Week => 56,
        }
    }

    /// How long it is.
    #[must_use]
    pub fn seconds(self) -> f64 {
        match self {
            Self::Hour => 3_600.0,
            Self::Day => 86_400.0,
            Self::Week => 604_800.0,
        }
    }

    /// How long a part of it is.
    #[must_use]
    pub fn part_seconds(self) -> f64 {
        match self {
            Self::Hour => 60.0,
            Self::Day => 1_800.0,
            Self::Week => 10_800.0,
        }
    }
}

/// What bookings of a span add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// All that were made.
    pub made: i64,
    /// Those that are paid and sold.
    pub confirmed: i64,
    /// Those that are not decided yet.
    pub open: i64,
    /// Those that could not be had or ran out of time.
    pub failed: i64,
    /// Those that were given up.
    pub cancelled: i64,
    /// Bookings of any time on which work is overdue.
    pub overdue: i64,
    /// What the confirmed ones cost, by currency, most first.
    pub revenue: Vec<Revenue>,
    /// Made and confirmed in each part of the span, oldest first.
    pub over_time: Vec<(i64, i64)>,
}

/// What confirmed bookings cost in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revenue {
    /// The currency.
    pub currency: Currency,
    /// In each part of the span in which they were made, oldest first, in minor units.
    pub over_time: Vec<i64>,
}

impl Revenue {
    /// All of it, in minor units.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.over_time.iter().sum()
    }
}

/// What was sold of a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlightSales {
    /// The flight.
    pub flight: FlightId,
    /// Seats of confirmed bookings.
    pub sold: i64,
    /// Seats of bookings that are not decided yet.
    pub held: i64,
}

/// Where an event's tickets are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSales {
    /// The event.
    pub event: Uuid,
    /// What it is called.
    pub name: String,
    /// All tickets.
    pub capacity: i32,
    /// Those that are held.
    pub held: i32,
    /// Those that are sold.
    pub sold: i32,
}

/// Where a booking stands, as lists are narrowed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not decided yet: held, being paid, or waiting to be.
    Open,
    /// Paid and sold.
    Confirmed,
    /// It could not be had, or not be paid.
    Failed,
    /// Its time ran out.
    Expired,
    /// It was given up.
    Cancelled,
}

/// Which bookings are looked for; all of it has to be so.
#[derive(Clone, Debug, Default)]
pub struct BookingFilter {
    /// Their number, their order's id, their user or their flight's id.
    pub known: Option<String>,
    /// Where they stand.
    pub stage: Option<Stage>,
    /// A flight that they have seats on.
    pub flight: Option<FlightId>,
    /// The event that they have tickets to.
    pub event: Option<Uuid>,
    /// The day on which they were made, in UTC.
    pub made_on: Option<Date>,
    /// Only those before this one.
    pub older_than: Option<BookingId>,
}
