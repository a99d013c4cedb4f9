//! Business decisions, without SQL and HTTP.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`bookings`] | bookings of flights: the channels, the booking engine and its workers |
//! | [`tickets`] | events, their bookings and vouchers, ticket options: pools of this service's own inventory |
//! | [`accounts`] | users, log-in, and access by ownership |
//! | [`catalog`] | flights, fares and airports of flight-service, for customers who look before they book |
//! | [`operations`] | the dashboard and the ledger proof, for staff |
//!
//! A booking's state machine is `crates/lifecycle`.

pub mod accounts;
pub mod bookings;
pub mod catalog;
pub mod operations;
pub mod tickets;

use std::sync::Arc;

use clients::CallError;
use domain::sale_rules::holding::TooManyUnpaid;
use domain::{BookingId, FlightId, Units};
use inventory::{InventoryError, StoreError};
use jiff::Timestamp;
use service_core::idempotency::KeyConflict;

use crate::db::DbError;
use crate::model::invalid_field::InvalidField;
use crate::model::refusal::Refusal;

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("there is no booking {0}")]
    UnknownBooking(BookingId),
    #[error("there is no order with this id")]
    UnknownOrder,
    #[error("there is no flight {0}")]
    UnknownFlight(String),
    /// The idempotency key was used with another request.
    #[error("the key was used before with another request")]
    KeyReused,
    /// A concurrent request has created it.
    #[error("a concurrent request has created it")]
    MadeBefore,
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
    CutOff,
    /// The event is not valid in the booking's state.
    #[error("the event is not valid in the booking's state")]
    BookingState(#[from] lifecycle::Refused),
    /// The caller lacks the right; the text says which.
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("there is no user with this id")]
    UnknownUser,
    #[error("the user has live bookings")]
    UserHasBookings,
    /// Unknown or deleted.
    #[error("there is no event with this id")]
    UnknownEvent,
    #[error("the event has live bookings")]
    EventHasBookings,
    /// The new capacity is below the number of tickets held and sold.
    #[error("more tickets than this are held and sold")]
    TicketsInUse,
    #[error("there is no booking with this id")]
    UnknownEventBooking,
    #[error("there is no voucher with this code")]
    UnknownVoucher,
    #[error("there is no dead letter with this id")]
    UnknownDeadLetter,
    #[error("there is no ticket option with this id")]
    UnknownTicketOption,
    #[error("there is no purchase with this id")]
    UnknownPurchase,
    /// Fewer tickets are left than requested.
    #[error("fewer than {0} tickets are left")]
    NotSoMany(Units),
    /// The inventory answered another command than the one sent.
    #[error("the inventory answered another command")]
    OtherAnswer,
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

impl KeyConflict for AppError {
    fn key_reused() -> Self {
        Self::KeyReused
    }

    fn is_conflict(&self) -> bool {
        match self {
            Self::Db(error) => error.constraint().is_some(),
            Self::Inventory(error) => matches!(error, InventoryError::Conflict(_)),
            Self::MadeBefore => true,
            _ => false,
        }
    }
}
