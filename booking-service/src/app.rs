//! What the service decides. It knows neither SQL nor HTTP.

pub mod booking;
pub mod bookings;
pub mod steps;
pub mod worker;

use clients::http::CallError;
use domain::BookingId;

use crate::db::DbError;

/// Why a call could not be answered as it was meant.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// No such booking.
    #[error("there is no booking {0}")]
    UnknownBooking(BookingId),
    /// The key came before with another request.
    #[error("the key was used before with another request")]
    KeyReused,
    /// A request with this key is still running, or its booking is being worked on.
    #[error("a request with this key is still running")]
    InProgress,
    /// The booking can't be cancelled as it stands.
    #[error("a booking that is {0} can't be cancelled")]
    NotCancellable(&'static str),
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
    /// Work was to be done while it ran elsewhere.
    #[error("the booking was changed elsewhere")]
    ChangedElsewhere,
    /// A task that worked on a booking was cut off.
    #[error("the work was cut off")]
    CutOff,
    /// The database has no answer.
    #[error(transparent)]
    Db(#[from] DbError),
}
