//! Refusals and failures as HTTP, in this one place.

use actix_web::http::StatusCode;
use domain::RefusalCode;
use inventory::command::MalformedSeatChange;
use inventory::{CreateError, InventoryError, Refusal, StoreError};
use itinerary::SearchError;
use service_core::database::is_transient;
use service_http::Problem;

use crate::app::AppError;
use crate::db::DbError;

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let text = error.to_string();
        match error {
            AppError::UnknownFlight(_) | AppError::UnknownFlightNumber(_) => {
                Self::not_found(text).with_code(RefusalCode::UnknownFlight)
            }
            AppError::KeyReused => Self::key_reused(),
            AppError::HasBookings(_) => Self::conflict(RefusalCode::FlightHasBookings, text),
            AppError::Invalid(field, problem) => Self::invalid_field(field, problem),
            AppError::Create(CreateError::Refused(refusal)) => of_refusal(refusal),
            AppError::Create(CreateError::Store(error)) => of_store(error),
            AppError::WrongDate { .. } => Self::conflict(RefusalCode::WrongDate, text),
            AppError::MalformedHold(_) => Self::invalid_field("legs", text),
            AppError::NoItinerary(error) => Self::new(StatusCode::BAD_REQUEST, error.code(), text),
            AppError::MalformedSeatChange(error) => of_seat_change(error),
            AppError::Search(error) => of_search(&error),
            AppError::Inventory(InventoryError::Refused(refusal)) => of_refusal(refusal),
            AppError::Inventory(InventoryError::Broken(_) | InventoryError::Conflict(_)) => {
                Self::internal(text)
            }
            AppError::Inventory(error) => {
                Self::unavailable("the seats can't be changed now").caused_by(error)
            }
            AppError::Db(error) => of_database(error),
            AppError::Store(error) => of_store(error),
        }
    }
}

fn of_store(error: StoreError) -> Problem {
    match error {
        StoreError::Database(error) => error.into(),
        StoreError::Pool(error) => error.into(),
        // The error of a shared computation (single flight).
        StoreError::Shared(error) => match &*error {
            StoreError::Database(query) if !is_transient(query) => Problem::internal(error),
            StoreError::Unreadable(_) => Problem::internal(error),
            _ => Problem::unavailable("the database can't answer now").caused_by(error),
        },
        error => Problem::internal(error),
    }
}

/// Maps constraint names to refusals.
fn of_database(error: DbError) -> Problem {
    if let DbError::Query(query) = &error {
        let constraint = query.as_db_error().and_then(|refusal| refusal.constraint());
        match constraint {
            Some("flights_one_departure") => {
                return Problem::conflict(
                    "flight_exists",
                    "this flight is in the schedule already",
                );
            }
            Some("flights_source") => {
                return Problem::invalid_field("source", "is not a known airport");
            }
            Some("flights_destination") => {
                return Problem::invalid_field("destination", "is not a known airport");
            }
            _ => {}
        }
    }
    match error {
        DbError::Pool(error) => error.into(),
        DbError::Query(error) => error.into(),
        DbError::ConnectionEnded | DbError::Connect(_) => {
            Problem::unavailable("the database can't answer now").caused_by(error)
        }
        DbError::Unreadable(_) => Problem::internal(error),
    }
}

fn of_seat_change(error: MalformedSeatChange) -> Problem {
    let field = match error {
        MalformedSeatChange::Number => "number".to_owned(),
        MalformedSeatChange::LegCount | MalformedSeatChange::RepeatedPool => "legs".to_owned(),
        MalformedSeatChange::NoSeats(leg) | MalformedSeatChange::RepeatedSeat(leg) => {
            format!("legs/{leg}/seats")
        }
    };
    Problem::invalid_field(&field, error.to_string())
}

fn of_search(error: &SearchError) -> Problem {
    let parameter = match error {
        SearchError::UnknownSource(_) => "source",
        SearchError::UnknownDestination(_) | SearchError::SameAirport(_) => "destination",
        SearchError::TooManyStops(_) => "max_stops",
        SearchError::UnknownVia(_)
        | SearchError::ViaAtAnEnd(_)
        | SearchError::ViaNeedsMoreStops { .. } => "via",
        SearchError::UnknownExcluded(_)
        | SearchError::EndExcluded(_)
        | SearchError::ViaExcluded(_) => "exclude",
        SearchError::CursorOfOtherOrder(_) => "after",
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
        Refusal::NoSuchSeat | Refusal::OtherPools => {
            Problem::invalid_field("legs", text).with_code(refusal.code())
        }
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
