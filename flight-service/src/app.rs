//! What the service decides. It knows neither SQL nor HTTP.

pub mod flight_view;
pub mod live;
pub mod schedule;
pub mod schedule_changes;
pub mod search;
pub mod seat_maps;
pub mod seats;

use domain::FlightId;
use domain::sale_rules::itinerary::NoItinerary;
use inventory::command::{MalformedHold, MalformedSeatChange};
use inventory::{CreateError, InventoryError, Refusal, StoreError};
use itinerary::SearchError;
use jiff::civil::Date;
use service_core::idempotency::KeyConflict;

use crate::db::DbError;

/// Why a call could not be answered as it was meant.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No such flight.
    #[error("there is no flight {0}")]
    UnknownFlight(FlightId),
    /// No flight has this number.
    #[error("there is no flight {0}")]
    UnknownFlightNumber(String),
    /// Somebody has seats on the flight.
    #[error("somebody has seats on flight {0}")]
    HasBookings(FlightId),
    /// The key came before with another request.
    #[error("the key was used before with another request")]
    KeyReused,
    /// A field makes no sense.
    #[error("{0} {1}")]
    Invalid(&'static str, String),
    /// Pools can't be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The flight departs on another day.
    #[error("flight {flight} does not depart on {asked}")]
    WrongDate {
        /// The flight.
        flight: FlightId,
        /// The date that was asked for.
        asked: Date,
    },
    /// The hold makes no sense.
    #[error(transparent)]
    MalformedHold(MalformedHold),
    /// The flights can't be sold as one itinerary.
    #[error(transparent)]
    NoItinerary(#[from] NoItinerary),
    /// The seat change makes no sense.
    #[error(transparent)]
    MalformedSeatChange(MalformedSeatChange),
    /// The search makes no sense.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The inventory refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The inventory has no answer.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The database has no answer.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The inventory's tables can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A command was answered with what belongs to another kind of command: a bug.
    #[error("the inventory answered another question")]
    OtherAnswer,
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
