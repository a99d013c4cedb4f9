//! The service's decisions. No SQL, no HTTP.

pub mod current_schedule;
pub mod flight_times;
pub mod live;
pub mod schedule;
pub mod schedule_changes;
mod schedule_poll;
pub mod search;
pub mod seat_maps;
pub mod seats;

use domain::FlightId;
use domain::sale_rules::itinerary::NoItinerary;
use inventory::command::{MalformedHold, MalformedSeatChange};
use inventory::{CreateError, InventoryError, StoreError};
use itinerary::SearchError;
use jiff::civil::Date;
use service_core::idempotency::KeyConflict;

use crate::db::DbError;

/// Why a call failed or was refused.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("there is no flight {0}")]
    UnknownFlight(FlightId),
    /// No departure has this flight number.
    #[error("there is no flight {0}")]
    UnknownFlightNumber(String),
    /// Units of the flight are held or sold.
    #[error("somebody has seats on flight {0}")]
    HasBookings(FlightId),
    /// The key is bound to another request.
    #[error("the key was used before with another request")]
    KeyReused,
    /// The field's name, and what is wrong with its value.
    #[error("{0} {1}")]
    Invalid(&'static str, String),
    /// The new flight's pool can't be created.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The request names another date than the departure's.
    #[error("flight {flight} does not depart on {asked}")]
    WrongDate {
        flight: FlightId,
        /// The date in the request.
        asked: Date,
    },
    /// The hold's legs are invalid.
    #[error(transparent)]
    MalformedHold(MalformedHold),
    /// The flights don't form an itinerary.
    #[error(transparent)]
    NoItinerary(#[from] NoItinerary),
    /// The change's seats are invalid.
    #[error(transparent)]
    MalformedSeatChange(MalformedSeatChange),
    /// The search's parameters are invalid.
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The inventory's tables can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KeyConflict for AppError {
    fn key_reused() -> Self {
        Self::KeyReused
    }

    fn is_conflict(&self) -> bool {
        matches!(self, Self::Db(error) if error.constraint().is_some())
    }
}

impl From<deadpool_postgres::PoolError> for AppError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Db(error.into())
    }
}
