//! Refusals and failures as HTTP, in this one place.

use actix_web::http::StatusCode;
use inventory::{InventoryError, Refusal, StoreError};
use itinerary::SearchError;
use service_kit::Problem;

use crate::app::AppError;
use crate::db::DbError;

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let text = error.to_string();
        match error {
            AppError::UnknownFlight(_) => Self::not_found(text).with_code("unknown_flight"),
            AppError::WrongDate { .. } => Self::conflict("wrong_date", text),
            AppError::MalformedHold(_) => Self::invalid_field("legs", text),
            AppError::Search(error) => of_search(&error),
            AppError::Refused(refusal) => of_refusal(refusal),
            AppError::Inventory(InventoryError::Broken(_)) | AppError::OtherAnswer => {
                Self::internal(text)
            }
            AppError::Inventory(error) => {
                Self::unavailable("the seats can't be changed now").caused_by(error)
            }
            AppError::Db(error) => of_database(error),
            AppError::Store(StoreError::Database(error)) => error.into(),
            AppError::Store(StoreError::Pool(error)) => error.into(),
            AppError::Store(error) => Self::internal(error),
        }
    }
}

fn of_database(error: DbError) -> Problem {
    match error {
        DbError::Pool(error) => error.into(),
        DbError::Query(error) => error.into(),
        DbError::Unreadable(_) => Problem::internal(error),
    }
}

fn of_search(error: &SearchError) -> Problem {
    let parameter = match error {
        SearchError::UnknownSource(_) => "source",
        SearchError::UnknownDestination(_) | SearchError::SameAirport(_) => "destination",
        SearchError::TooManyStops(_) => "max_stops",
    };
    Problem::invalid_field(parameter, error.to_string())
}

fn of_refusal(refusal: Refusal) -> Problem {
    let text = refusal.to_string();
    match refusal {
        Refusal::UnknownPool | Refusal::UnknownHold => {
            Problem::not_found(text).with_code(refusal.code())
        }
        Refusal::IdReused => Problem::key_reused(),
        Refusal::NoSuchSeat => Problem::invalid_field("legs", text).with_code(refusal.code()),
        Refusal::HoldExpired => Problem::new(StatusCode::GONE, refusal.code(), text),
        Refusal::PoolExists
        | Refusal::SoldOut
        | Refusal::SeatTaken
        | Refusal::SalesClosed
        | Refusal::HoldReleased
        | Refusal::HoldRefused
        | Refusal::HoldPinned
        | Refusal::HoldSold
        | Refusal::Superseded
        | Refusal::NotTaken
        | Refusal::CapacityInUse => Problem::conflict(refusal.code(), text),
    }
}
