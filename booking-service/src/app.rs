//! What the service decides. It knows neither SQL nor HTTP.
//!
//! [`booking`] says what a booking is; `crates/lifecycle` what may become of it; [`engine`] does what a
//! booking's life asks for; [`worker`] goes on where nobody does. On these stand the front doors:
//! [`bookings`] by count, [`orders`] with chosen seats, [`simple_orders`], and [`flights`] for admins;
//! beside them [`ledger`], the proof of this service's own pools.

pub mod booking;
pub mod bookings;
pub mod engine;
pub mod flights;
pub mod leases;
pub mod ledger;
pub mod orders;
pub mod simple_orders;
pub mod snapshots;
mod stored_life;
pub mod worker;

use clients::http::CallError;
use domain::BookingId;
use inventory::{InventoryError, StoreError};

use self::booking::Refusal;
use crate::db::DbError;

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
    /// A request with this key is still running, or its booking is being worked on.
    #[error("a request with this key is still running")]
    InProgress,
    /// The booking can't be cancelled as it stands.
    #[error("a booking that is {0} can't be cancelled")]
    NotCancellable(&'static str),
    /// The order's time ran out.
    #[error("the order has expired")]
    OrderExpired,
    /// The order does not stand where the call needs it.
    #[error("the order is {0}")]
    WrongState(&'static str),
    /// What was asked for can't be had.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// A field of the request is wrong.
    #[error("{0}: {1}")]
    Invalid(String, String),
    /// Another service did not answer; the booking goes on by itself, or ends.
    #[error("{service} did not answer; booking {booking} is settled later")]
    Service {
        /// The booking.
        booking: BookingId,
        /// Which.
        service: &'static str,
        /// Why.
        #[source]
        error: CallError,
    },
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
    Life(#[from] lifecycle::Refused),
    /// Tickets can't be counted now, or not at all.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// Pools can't be read.
    #[error(transparent)]
    Pools(#[from] StoreError),
    /// The database has no answer.
    #[error(transparent)]
    Db(#[from] DbError),
}
