//! Figures, ledger proof and booking search for operators.

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

/// The most bookings that a query of the dashboard reads: enough for a busy hour, in some tens of
/// milliseconds.
pub const LATEST_BOOKINGS: i64 = 20_000;

/// Flights and events listed.
const ROWS: i64 = 12;

/// Results per page of a search.
const FOUND: i64 = 50;

/// All viewers share one read per second.
const FIGURES_LIFETIME: Duration = Duration::from_secs(1);

/// The proof reads the whole ledger.
const PROOF_LIFETIME: Duration = Duration::from_secs(30);

/// The figures of a span.
#[derive(Clone, Debug)]
pub struct Figures {
    pub totals: Totals,
    /// Best-selling.
    pub flights: Vec<FlightSales>,
    /// Newest.
    pub events: Vec<EventSales>,
}

/// A page of found bookings.
#[derive(Clone, Debug)]
pub struct Found {
    /// Newest first.
    pub bookings: Vec<Booking>,
    /// Cursor of the next page; `None` on the last one.
    pub older_than: Option<BookingId>,
}

#[derive(Clone)]
pub struct Dashboard {
    database: Pool,
    ledger: Ledger,
    proof: Cache<(), Arc<Proof>>,
    figures: Cache<Span, Arc<Figures>>,
}

impl Dashboard {
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

    /// The figures of a span, at most a second old.
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

    /// The newest events with their sold, held and free tickets.
    pub async fn events(&self) -> Result<Vec<EventSales>, AppError> {
        Ok(db::operations::dashboard::events(&self.database, ROWS).await?)
    }

    /// Free tickets of each event.
    pub async fn tickets_left(&self, events: &[Uuid]) -> Result<HashMap<Uuid, i32>, AppError> {
        Ok(db::operations::dashboard::tickets_left(&self.database, events).await?)
    }

    /// The ledger proof of this service's own pools, at most 30 seconds old.
    pub async fn proof(&self) -> Result<Arc<Proof>, AppError> {
        let prove = async { self.ledger.prove().await.map(Arc::new) };
        let proof = self.proof.try_get_with((), prove).await;
        proof.map_err(AppError::Shared)
    }

    /// Bookings that match the filter. By flight, by user or without either, only the newest
    /// [`LATEST_BOOKINGS`] are searched; without either, the next page continues from there.
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
            // A day beyond the calendar is beyond all bookings.
            let midnight = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
            if let Some(midnight) = midnight {
                *end = db::bookings::first_since(&self.database, midnight.timestamp()).await?;
            }
        }
        Ok((ends[0], ends[1]))
    }

    /// Bookings of these users, of all channels, at this stage, older than this one, newest first.
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
