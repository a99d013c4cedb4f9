//! Errors of the app.

use std::sync::Arc;

use clients::CallError;
use domain::sale_rules::holding::TooManyUnpaid;
use domain::{BookingId, FlightId, RefusalCode, Units};
use inventory::command::MalformedHold;
use inventory::{InventoryError, StoreError};
use jiff::Timestamp;
use service_core::idempotency::KeyConflict;

use crate::db::DbError;
use crate::model::invalid_field::InvalidField;
use crate::model::refusal::Refusal;

/// A resource that does not exist, or that the caller may not see.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    #[error("there is no booking {0}")]
    Booking(BookingId),
    #[error("there is no order with this id")]
    Order,
    #[error("there is no flight {0}")]
    Flight(String),
    #[error("there is no user with this id")]
    User,
    /// Unknown or deleted.
    #[error("there is no event with this id")]
    Event,
    #[error("there is no booking with this id")]
    EventBooking,
    #[error("there is no voucher with this code")]
    Voucher,
    #[error("there is no dead letter with this id")]
    DeadLetter,
    #[error("there is no ticket option with this id")]
    TicketOption,
    #[error("there is no purchase with this id")]
    Purchase,
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// The idempotency key was used with another request.
    #[error("the key was used before with another request")]
    KeyReused,
    /// A concurrent request has created it.
    #[error("a concurrent request has created it")]
    AlreadyCreated,
    /// A request with this key is running, or its booking is being worked on.
    #[error("a request with this key is still running")]
    InProgress,
    #[error("a booking that is {0} can't be cancelled")]
    NotCancellable(&'static str),
    /// The flight's bookings have ended, but some seats are not released yet.
    #[error("the bookings of flight {0} have ended, but not all of its seats are free yet")]
    NotFreeYet(FlightId),
    /// The customer's deadline for cancelling has passed.
    #[error("it could be cancelled until {0}")]
    PastCutoff(Timestamp),
    /// The user or network holds as many unpaid orders as allowed.
    #[error(transparent)]
    TooManyUnpaid(TooManyUnpaid),
    /// The order's hold has expired.
    #[error("the order has expired")]
    OrderExpired,
    /// The operation is not possible in the current state, which it names.
    #[error("it is {0}")]
    WrongState(&'static str),
    /// Refused for a business reason, such as `sold_out`.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// flight-service does not sell these flights as one itinerary.
    #[error("{}", .0.message)]
    NoItinerary(Refusal),
    /// A field of the request is invalid.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// Another service did not answer; the engine completes or reverses the booking later.
    #[error("{service} did not answer; booking {booking} is reversed later")]
    Service {
        booking: BookingId,
        service: &'static str,
        #[source]
        error: CallError,
    },
    /// A booking was charged, but payment-service does not know the charge. The refund is owed.
    #[error("the charge of booking {0} was not found; its refund is still owed")]
    ChargeMissing(BookingId),
    /// Another service did not answer before anything was started.
    #[error("{0} did not answer")]
    NoAnswer(&'static str, #[source] CallError),
    /// Optimistic locking: another worker has changed the booking.
    #[error("the booking was changed elsewhere")]
    ChangedElsewhere,
    /// The task that worked on the booking was aborted.
    #[error("the task was aborted")]
    TaskAborted,
    /// The event is not valid in the booking's state.
    #[error("the event is not valid in the booking's state")]
    BookingState(#[from] lifecycle::Refused),
    /// The caller lacks the right; the text says which.
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("the user has live bookings")]
    UserHasBookings,
    #[error("the event has live bookings")]
    EventHasBookings,
    /// The new capacity is below the number of tickets held and sold.
    #[error("more tickets than this are held and sold")]
    TicketsInUse,
    /// Fewer tickets are left than requested.
    #[error("fewer than {0} tickets are left")]
    InsufficientTickets(Units),
    /// A bug: the requested hold is malformed.
    #[error(transparent)]
    MalformedHold(#[from] MalformedHold),
    /// The inventory gave no verdict, or refused for a reason that is a bug.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    #[error(transparent)]
    Pools(#[from] StoreError),
    /// A shared read (single flight) failed for all its callers.
    #[error("{0}")]
    Shared(#[source] Arc<AppError>),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<clients::Refusal> for Refusal {
    fn from(refusal: clients::Refusal) -> Self {
        Self {
            code: refusal.code,
            message: refusal.detail,
        }
    }
}

impl AppError {
    /// From a call to flight-service, whose refusals become this service's own.
    pub(crate) fn of_flights(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => Self::Refused(refusal.into()),
            error => Self::NoAnswer("flight-service", error),
        }
    }

    /// From a call about a single flight, whose name appears in the error if it is unknown.
    pub(crate) fn of_flight(name: &str) -> impl FnOnce(CallError) -> Self {
        move |error| match error {
            CallError::Refused(clients::Refusal {
                code: RefusalCode::UnknownFlight | RefusalCode::NotFound,
                ..
            }) => Unknown::Flight(name.to_owned()).into(),
            error => Self::of_flights(error),
        }
    }
}

impl KeyConflict for AppError {
    fn key_reused() -> Self {
        Self::KeyReused
    }

    fn is_conflict(&self) -> bool {
        match self {
            Self::Db(error) => error.constraint().is_some(),
            Self::Inventory(error) => matches!(error, InventoryError::Conflict(_)),
            Self::AlreadyCreated => true,
            _ => false,
        }
    }
}
