//! What the service decides. It knows neither SQL nor HTTP.
//!
//! [`booking`] says what a booking is; `crates/lifecycle` what may become of it; [`engine`] does what a
//! booking's life asks for; [`worker`] goes on where nobody does. On these stand the channels:
//! [`bookings`] by count, [`orders`] with chosen seats, [`simple_orders`], and [`flights`] for admins;
//! [`catalog`] is what can be flown, for those who look before they book;
//! beside them [`users`], [`events`] and [`ticket_options`], whose tickets this service counts itself, and
//! [`ledger`], the proof of their pools. [`seat_feeds`] tell those who watch a flight how its seats change. Users log in by [`accounts`]; [`ownership`] says whose something is.

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

/// Why a call could not be answered as it was meant.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No such booking.
    #[error("there is no booking {0}")]
    UnknownBooking(BookingId),
    /// No such order.
    #[error("there is no order with this id")]
    UnknownOrder,
    /// No such flight.
    #[error("there is no flight {0}")]
    UnknownFlight(String),
    /// The key came before with another request.
    #[error("the key was used before with another request")]
    KeyReused,
    /// What was asked for is there already.
    #[error("it was made before")]
    MadeBefore,
    /// A request with this key is still running, or its booking is being worked on.
    #[error("a request with this key is still running")]
    InProgress,
    /// The booking can't be cancelled as it stands.
    #[error("a booking that is {0} can't be cancelled")]
    NotCancellable(&'static str),
    /// The flight's bookings have ended, and the seats of some are still to be freed.
    #[error("the bookings of flight {0} have ended, but not all of its seats are free yet")]
    NotFreeYet(FlightId),
    /// It was to be cancelled before this moment.
    #[error("it could be cancelled until {0}")]
    PastCutoff(Timestamp),
    /// Somebody holds as much without having paid as they may.
    #[error(transparent)]
    TooManyUnpaid(TooManyUnpaid),
    /// The order's time ran out.
    #[error("the order has expired")]
    OrderExpired,
    /// What the call is about does not stand where the call needs it.
    #[error("it is {0}")]
    WrongState(&'static str),
    /// What was asked for can't be had.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The flights can't be sold as one itinerary, in the words of flight-service.
    #[error("{}", .0.message)]
    NoItinerary(Refusal),
    /// A field of the request is wrong.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// Another service did not answer; the booking goes on by itself, or ends.
    #[error("{service} did not answer; booking {booking} is reversed later")]
    Service {
        /// The booking.
        booking: BookingId,
        /// Which.
        service: &'static str,
        /// Why.
        #[source]
        error: CallError,
    },
    /// A booking is known to have been charged, and payment-service knows nothing of it: its refund is owed.
    #[error("the charge of booking {0} can't be found, so its refund is owed")]
    ChargeMissing(BookingId),
    /// Another service did not answer, and nothing was begun.
    #[error("{0} did not answer")]
    NoAnswer(&'static str, #[source] CallError),
    /// Work was to be done while it ran elsewhere.
    #[error("the booking was changed elsewhere")]
    ChangedElsewhere,
    /// A task that worked on a booking was cut off.
    #[error("the work was cut off")]
    CutOff,
    /// What happened can't happen to a booking that stands where this one does.
    #[error("a booking's life went wrong")]
    BookingState(#[from] lifecycle::Refused),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// No such user.
    #[error("there is no user with this id")]
    UnknownUser,
    /// The user has bookings that have not ended.
    #[error("the user has live bookings")]
    UserHasBookings,
    /// No such event, or it was deleted.
    #[error("there is no event with this id")]
    UnknownEvent,
    /// Somebody has tickets to the event.
    #[error("the event has live bookings")]
    EventHasBookings,
    /// Fewer tickets than somebody has.
    #[error("more tickets than this are held and sold")]
    TicketsInUse,
    /// No such booking of tickets.
    #[error("there is no booking with this id")]
    UnknownEventBooking,
    /// No such voucher.
    #[error("there is no voucher with this code")]
    UnknownVoucher,
    /// No such dead letter.
    #[error("there is no dead letter with this id")]
    UnknownDeadLetter,
    /// No such ticket option.
    #[error("there is no ticket option with this id")]
    UnknownTicketOption,
    /// No such purchase.
    #[error("there is no purchase with this id")]
    UnknownPurchase,
    /// Fewer tickets are left than were asked for.
    #[error("fewer than {0} tickets are left")]
    NotSoMany(Units),
    /// The inventory answered something else than what was asked.
    #[error("tickets were answered for in an unknown way")]
    OtherAnswer,
    /// Tickets can't be counted now, or not at all.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// Pools can't be read.
    #[error(transparent)]
    Pools(#[from] StoreError),
    /// What others wait for too could not be read.
    #[error("{0}")]
    Shared(#[source] Arc<AppError>),
    /// The database has no answer.
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
