//! Statistics of the dashboard, and the filter of the booking list.

use domain::{BookingId, Currency, FlightId};
use jiff::civil::Date;
use uuid::Uuid;

/// The time that the dashboard covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Span {
    /// In minutes.
    #[default]
    Hour,
    /// In half hours.
    Day,
    /// In periods of three hours.
    Week,
}

impl Span {
    #[must_use]
    pub fn parts(self) -> usize {
        match self {
            Self::Hour => 60,
            Self::Day => 48,
            Self::Week => 56,
        }
    }

    #[must_use]
    pub fn seconds(self) -> f64 {
        match self {
            Self::Hour => 3_600.0,
            Self::Day => 86_400.0,
            Self::Week => 604_800.0,
        }
    }

    #[must_use]
    pub fn part_seconds(self) -> f64 {
        match self {
            Self::Hour => 60.0,
            Self::Day => 1_800.0,
            Self::Week => 10_800.0,
        }
    }
}

/// Counts and sums of the bookings of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    pub made: i64,
    pub confirmed: i64,
    pub open: i64,
    /// Failed or expired.
    pub failed: i64,
    pub cancelled: i64,
    /// Bookings of any age whose work is overdue.
    pub overdue: i64,
    /// Of confirmed bookings, by currency, largest first.
    pub revenue: Vec<Revenue>,
    /// Bookings made, and of those confirmed, in each part of the span, oldest first.
    pub over_time: Vec<(i64, i64)>,
}

/// Revenue of confirmed bookings in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revenue {
    pub currency: Currency,
    /// By the part of the span in which the booking was made, oldest first, in minor units.
    pub over_time: Vec<i64>,
}

impl Revenue {
    /// In minor units.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.over_time.iter().sum()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlightSales {
    pub flight: FlightId,
    /// Seats of confirmed bookings.
    pub sold: i64,
    /// Seats of bookings that are held or being paid.
    pub held: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSales {
    pub event: Uuid,
    pub name: String,
    pub capacity: i32,
    pub held: i32,
    pub sold: i32,
}

/// A booking's public status, coarsened for filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not decided yet: pending, held, being paid, or declined and waiting for another attempt.
    Open,
    Confirmed,
    Failed,
    Expired,
    Cancelled,
}

/// Fields combine with AND.
#[derive(Clone, Debug, Default)]
pub struct BookingFilter {
    /// A booking number, an order id, a user or a flight id.
    pub known: Option<String>,
    pub stage: Option<Stage>,
    pub flight: Option<FlightId>,
    pub event: Option<Uuid>,
    /// In UTC.
    pub made_on: Option<Date>,
    /// Keyset pagination: only bookings below this id.
    pub older_than: Option<BookingId>,
}
