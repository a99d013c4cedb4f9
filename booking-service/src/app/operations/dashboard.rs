//! How the service does, for those who run it: what is sold and held, what waits, whether the ledger adds
//! up, and any booking.

use crate::model::dashboard::{BookingFilter, EventSales, FlightSales, Span, Stage, Totals};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use domain::BookingId;
use inventory::proof::Proof;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use moka::future::Cache;
use uuid::Uuid;

use crate::app::AppError;
use crate::app::operations::ledger::Ledger;
use crate::db;
use crate::model::booking::Booking;

/// How many bookings an dashboard reads: enough for a busy hour, and read in some tens of milliseconds.
pub const LATEST_BOOKINGS: i64 = 20_000;

/// How many flights and events an dashboard names.
const ROWS: i64 = 12;

/// How many bookings a search finds.
const FOUND: i64 = 50;

/// How long figures are shown before they are read again: once for all who look.
const FIGURES_LIFETIME: Duration = Duration::from_secs(1);

/// How long the proof is shown before it is made again: it reads the whole ledger.
const PROOF_LIFETIME: Duration = Duration::from_secs(30);

/// What is known of a span.
#[derive(Clone, Debug)]
pub struct Figures {
    /// What bookings add up to.
    pub totals: Totals,
    /// The flights that were sold most.
    pub flights: Vec<FlightSales>,
    /// The newest events.
    pub events: Vec<EventSales>,
}

/// Bookings that were found.
#[derive(Clone, Debug)]
pub struct Found {
    /// They, newest first.
    pub bookings: Vec<Booking>,
    /// Where to look on, if that was not all.
    pub older_than: Option<BookingId>,
}

/// Looks.
#[derive(Clone)]
pub struct Dashboard {
    database: Pool,
    ledger: Ledger,
    proof: Cache<(), Arc<Proof>>,
    figures: Cache<Span, Arc<Figures>>,
}

impl Dashboard {
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
            figures: Cache::builder().time_to_live(FIGURES_LIFETIME).build(),
        }
    }

    /// What is known of a span, at most a second old.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn figures(&self, span: Span) -> Result<Arc<Figures>, AppError> {
        let figures = self.figures.try_get_with(span, self.read_figures(span));
        figures.await.map_err(AppError::Shared)
    }

    async fn read_figures(&self, span: Span) -> Result<Arc<Figures>, AppError> {
        let database = &self.database;
        let (totals, flights, events) = futures_util::try_join!(
            db::operations::dashboard::totals(database, span, LATEST_BOOKINGS),
            db::operations::dashboard::flights(database, span, LATEST_BOOKINGS, ROWS),
            db::operations::dashboard::events(database, ROWS)
        )?;
        Ok(Arc::new(Figures {
            totals,
            flights,
            events,
        }))
    }

    /// The newest events and where their tickets are.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn events(&self) -> Result<Vec<EventSales>, AppError> {
        Ok(db::operations::dashboard::events(&self.database, ROWS).await?)
    }

    /// How many tickets to these events are free.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tickets_left(&self, events: &[Uuid]) -> Result<HashMap<Uuid, i32>, AppError> {
        Ok(db::operations::dashboard::tickets_left(&self.database, events).await?)
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

    /// Bookings by what somebody knows of them. Of a flight, of a user and of all, only so many of the latest
    /// are looked at, see [`LATEST_BOOKINGS`]; of all, the search goes on from there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn search(&self, wanted: &BookingFilter) -> Result<Found, AppError> {
        let database = &self.database;
        let (first, end) = match wanted.made_on {
            Some(day) => self.bookings_of(day).await?,
            None => (BookingId(i64::MIN), BookingId(i64::MAX)),
        };
        let end = wanted.older_than.map_or(end, |older| older.min(end));
        let ids = first..end;
        let mut bookings =
            db::bookings::search(database, wanted, &ids, LATEST_BOOKINGS, FOUND + 1).await?;
        let shown = usize::try_from(FOUND).unwrap_or(usize::MAX);
        let is_cut = bookings.len() > shown;
        bookings.truncate(shown);
        let older_than = match bookings.last() {
            Some(last) if is_cut => Some(last.id),
            _ if wanted.known.is_some() || wanted.flight.is_some() => None,
            _ => db::bookings::end_of_latest(database, &ids, LATEST_BOOKINGS).await?,
        };
        Ok(Found {
            bookings,
            older_than,
        })
    }

    /// The first booking of a day, and the first one after it.
    async fn bookings_of(&self, day: Date) -> Result<(BookingId, BookingId), AppError> {
        let mut ends = [BookingId(i64::MAX); 2];
        let days = [Some(day), day.checked_add(1.day()).ok()];
        for (end, day) in ends.iter_mut().zip(days) {
            // What is beyond the calendar is beyond all bookings.
            let midnight = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
            if let Some(midnight) = midnight {
                *end = db::bookings::first_since(&self.database, midnight.timestamp()).await?;
            }
        }
        Ok((ends[0], ends[1]))
    }

    /// The bookings of these users, of all channels, that stand so and are older than this one, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_users(
        &self,
        users: &[String],
        stage: Option<Stage>,
        older_than: Option<BookingId>,
        limit: i64,
    ) -> Result<Vec<Booking>, AppError> {
        let database = &self.database;
        Ok(db::bookings::all_of_users(database, users, stage, older_than, limit).await?)
    }
}
