//! How the service does, for those who run it: what is sold and held, what waits, whether the ledger adds
//! up, and any booking.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use domain::{BookingId, Currency, FlightId};
use inventory::proof::Proof;
use moka::future::Cache;
use uuid::Uuid;

use super::AppError;
use super::booking::Booking;
use super::ledger::Ledger;
use crate::db;

/// How many bookings an overview reads: enough for a busy hour, and read in some tens of milliseconds.
pub const LATEST_BOOKINGS: i64 = 20_000;

/// How many flights and events an overview names.
const ROWS: i64 = 12;

/// How many bookings a search finds.
const FOUND: i64 = 50;

/// How long the proof is shown before it is made again: it reads the whole ledger.
const PROOF_LIFETIME: Duration = Duration::from_secs(30);

/// Which time is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// What the confirmed ones cost, in hundredths, by currency.
    pub revenue: Vec<(Currency, i64)>,
    /// Made and confirmed in each part of the span, oldest first.
    pub over_time: Vec<(i64, i64)>,
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

/// Looks.
#[derive(Clone)]
pub struct Overview {
    database: Pool,
    ledger: Ledger,
    proof: Cache<(), Arc<Proof>>,
}

impl Overview {
    /// Looks at this database.
    #[must_use]
    pub fn new(database: Pool, ledger: Ledger) -> Self {
        let proof = Cache::builder()
            .max_capacity(1)
            .time_to_live(PROOF_LIFETIME)
            .build();
        Self {
            database,
            ledger,
            proof,
        }
    }

    /// What the latest bookings of a span add up to.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn totals(&self, span: Span) -> Result<Totals, AppError> {
        Ok(db::overview::totals(&self.database, span, LATEST_BOOKINGS).await?)
    }

    /// The flights that were sold most in a span.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn flights(&self, span: Span) -> Result<Vec<FlightSales>, AppError> {
        Ok(db::overview::flights(&self.database, span, LATEST_BOOKINGS, ROWS).await?)
    }

    /// The newest events and where their tickets are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events(&self) -> Result<Vec<EventSales>, AppError> {
        Ok(db::overview::events(&self.database, ROWS).await?)
    }

    /// The proof of this service's own pools, at most some seconds old.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn proof(&self) -> Result<Arc<Proof>, AppError> {
        let prove = async { self.ledger.prove().await.map(Arc::new) };
        let proof = self.proof.try_get_with((), prove).await;
        proof.map_err(AppError::Shared)
    }

    /// Bookings by what somebody knows of them: their number, their order's id, their user, their flight.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn search(&self, text: &str) -> Result<Vec<Booking>, AppError> {
        let (number, order) = (text.parse().ok(), Uuid::try_parse(text).ok());
        Ok(db::bookings::search(&self.database, number, order, text, FOUND).await?)
    }

    /// The bookings of these users, of all doors, that are older than this one, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_users(
        &self,
        users: &[String],
        older_than: Option<BookingId>,
        limit: i64,
    ) -> Result<Vec<Booking>, AppError> {
        Ok(db::bookings::all_of_users(&self.database, users, older_than, limit).await?)
    }
}
