//! Refusals and failures as HTTP, in this one place.

use std::sync::Arc;

use service_core::database::is_transient;
use service_http::Problem;

use crate::app::PaymentError;
use crate::db::DbError;

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::KeyReused => Self::key_reused(),
            PaymentError::InProgress => Self::in_progress(),
            PaymentError::KeyClosed => Self::conflict(
                "key_closed",
                "this key was closed; no charge will be made with it",
            ),
            PaymentError::TooBusy => Self::unavailable("too many charges are running"),
            PaymentError::OutcomeUnknown => Self::unavailable(
                "the provider timed out, so the outcome is unknown; \
                 ask again with the same Idempotency-Key",
            ),
            PaymentError::UnknownCharge => Self::not_found("there is no such charge"),
            PaymentError::Invalid(field, detail) => Self::invalid_field(field, detail),
            PaymentError::NotCaptured => {
                Self::conflict("not_captured", "this charge has taken no money")
            }
            PaymentError::RefundExceedsCharge { left } => Self::conflict(
                "refund_exceeds_charge",
                format!("{left} is left of this charge"),
            ),
            PaymentError::Database(error) => of_database(error),
        }
    }
}

fn of_database(error: Arc<DbError>) -> Problem {
    match &*error {
        DbError::Connection(_) => Problem::unavailable("the database can't be reached"),
        DbError::Statement(failed) if is_transient(failed) => {
            Problem::unavailable("the database can't answer now")
        }
        DbError::Statement(_) | DbError::Unreadable(_) => return Problem::internal(error),
    }
    .caused_by(error)
}
