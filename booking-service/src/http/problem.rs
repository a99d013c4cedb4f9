//! Maps errors to HTTP; the only place that does.

use actix_web::http::StatusCode;
use domain::RefusalCode;
use inventory::{CreateError, InventoryError, StoreError};
use service_core::database::is_transient;
use service_core::group_commit::ItemFault as _;
use service_http::Problem;

use crate::app::accounts::authentication::AccountError;
use crate::app::accounts::passwords::HashError;
use crate::app::{AppError, Unknown};
use crate::db;
use crate::db::DbError;
use crate::model::invalid_field::InvalidField;
use crate::model::refusal::Refusal;

/// RFC 9110 requires a challenge with each 401; this one asks for a log-in.
const SESSION_CHALLENGE: &str = "Session realm=\"holdfast\"";

pub(crate) const INVALID_PURCHASE_QUANTITY: &str = "invalid_purchase_quantity";

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let text = error.to_string();
        match error {
            AppError::Unknown(unknown) => unknown.into(),
            AppError::Forbidden(_) => Self::forbidden(text),
            AppError::UserHasBookings => Self::conflict("user_has_bookings", text),
            AppError::EventHasBookings => Self::conflict("event_has_bookings", text),
            AppError::TicketsInUse => Self::conflict(RefusalCode::CapacityInUse, text),
            AppError::InsufficientTickets(_) => {
                Self::new(StatusCode::BAD_REQUEST, INVALID_PURCHASE_QUANTITY, text)
            }
            AppError::MalformedHold(_) => Self::internal(error),
            AppError::KeyReused => Self::key_reused(),
            AppError::InProgress | AppError::ChangedElsewhere | AppError::AlreadyCreated => {
                Self::in_progress()
            }
            AppError::NotCancellable(_) => {
                Self::new(StatusCode::BAD_REQUEST, "not_cancellable", text)
            }
            AppError::PastCutoff(_) => Self::conflict("past_cutoff", text),
            AppError::TooManyUnpaid(_) => Self::conflict("too_many_unpaid_orders", text),
            AppError::OrderExpired => Self::new(StatusCode::GONE, "order_expired", text),
            AppError::WrongState(_) => Self::conflict("wrong_state", text),
            AppError::Refused(refusal) => of_refusal(refusal),
            AppError::NoItinerary(refusal) => no_itinerary("legs", refusal.code, text),
            AppError::Invalid(InvalidField { field, detail }) => {
                Self::invalid_field(&field, detail)
            }
            AppError::Service { error, .. } | AppError::NoAnswer(_, error) => {
                Self::unavailable(text).caused_by(error)
            }
            AppError::NotFreeYet(_) | AppError::TaskAborted | AppError::ChargeMissing(_) => {
                Self::unavailable(text)
            }
            AppError::BookingState(_) => Self::internal(error),
            AppError::Shared(error) => of_shared(&error),
            AppError::Inventory(error) => of_inventory(error),
            AppError::Pools(error) => of_store(error),
            AppError::Db(error) => of_database(error),
        }
    }
}

impl From<Unknown> for Problem {
    fn from(unknown: Unknown) -> Self {
        let problem = Self::not_found(unknown.to_string());
        match unknown {
            Unknown::Booking(_)
            | Unknown::Order
            | Unknown::EventBooking
            | Unknown::DeadLetter
            | Unknown::Purchase => problem,
            Unknown::Flight(_) => problem.with_code(RefusalCode::UnknownFlight),
            Unknown::User => problem.with_code("unknown_user"),
            Unknown::Event => problem.with_code("unknown_event"),
            Unknown::Voucher => problem.with_code("unknown_voucher"),
            Unknown::TicketOption => problem.with_code("unknown_ticket_option"),
        }
    }
}

/// A shared read failed: each caller gets the error, the cause is that of the read.
fn of_shared(error: &AppError) -> Problem {
    let text = error.to_string();
    match error {
        AppError::Refused(refusal) => of_refusal(refusal.clone()),
        _ => Problem::unavailable(text.clone()).caused_by(text),
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let text = error.to_string();
        match error {
            AccountError::WrongCredentials => {
                Self::unauthenticated(text, SESSION_CHALLENGE).with_code("wrong_credentials")
            }
            AccountError::NoSession => {
                Self::unauthenticated(text, SESSION_CHALLENGE).with_code("no_session")
            }
            AccountError::PasswordMissing => Self::invalid_field("current_password", "is missing"),
            AccountError::TooMany(window) => {
                let seconds = u32::try_from(window.as_secs()).unwrap_or(u32::MAX);
                Self::too_many(text, seconds)
            }
            AccountError::Hash(HashError::Busy) => Self::unavailable(text),
            AccountError::Hash(HashError::Failed) | AccountError::NoToken => Self::internal(error),
            AccountError::App(error) => error.into(),
        }
    }
}

fn of_inventory(error: InventoryError) -> Problem {
    match error {
        InventoryError::Refused(_) | InventoryError::Broken(_) | InventoryError::Conflict(_) => {
            Problem::internal(error)
        }
        error => Problem::unavailable("tickets can't be counted now").caused_by(error),
    }
}

fn of_store(error: StoreError) -> Problem {
    match error {
        StoreError::Database(error) => error.into(),
        StoreError::Pool(error) => error.into(),
        // A shared read failed.
        StoreError::Shared(error) => match &*error {
            StoreError::Database(query) if !is_transient(query) => Problem::internal(error),
            StoreError::Unreadable(_) => Problem::internal(error),
            _ => Problem::unavailable("the database can't answer now").caused_by(error),
        },
        error => Problem::internal(error),
    }
}

fn of_database(error: DbError) -> Problem {
    let text = error.to_string();
    match error.constraint() {
        Some(db::accounts::users::EMAIL) => {
            return Problem::conflict("email_taken", "this address belongs to another user");
        }
        Some(db::tickets::vouchers::CODE) => {
            return Problem::conflict("voucher_code_taken", "there is a voucher with this code");
        }
        _ => {}
    }
    match error {
        DbError::NewPool(CreateError::Store(error)) => of_store(error),
        DbError::NewPool(error) => Problem::internal(error),
        DbError::Pool(error) => error.into(),
        DbError::Query(error) => error.into(),
        DbError::Busy | DbError::BrokenOff => Problem::unavailable(text),
        DbError::Unwritten(error) if error.is_item_fault() => Problem::internal(error),
        DbError::Unwritten(error) => Problem::unavailable(text).caused_by(error),
        DbError::Unreadable(_) | DbError::Taken(_) => Problem::internal(error),
    }
}

/// Flights that cannot be combined, with the code of the broken rule.
pub(crate) fn no_itinerary(field: &str, code: RefusalCode, detail: impl Into<String>) -> Problem {
    Problem::invalid_field(field, detail).with_code(code)
}

/// These codes are part of the API; all others are internal to the services.
fn of_refusal(refusal: Refusal) -> Problem {
    match refusal.code {
        code @ (RefusalCode::SoldOut
        | RefusalCode::LimitReached
        | RefusalCode::VoucherUsedUp
        | RefusalCode::VoucherNotForEvent
        | RefusalCode::VoucherTicketLimit
        | RefusalCode::SeatTaken
        | RefusalCode::SalesClosed
        | RefusalCode::WrongDate
        | RefusalCode::HoldExpired
        | RefusalCode::HoldReleased
        | RefusalCode::HoldPinned
        | RefusalCode::CapacityInUse
        | RefusalCode::FlightHasBookings) => Problem::conflict(code, refusal.message),
        _ => Problem::conflict("refused", refusal.message),
    }
}
