//! Refusals and failures as HTTP, in this one place.

use actix_web::http::StatusCode;
use service_kit::Problem;

use crate::app::AppError;
use crate::db::DbError;

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let text = error.to_string();
        match error {
            AppError::UnknownBooking(_) => Self::not_found(text),
            AppError::KeyReused => Self::key_reused(),
            AppError::InProgress | AppError::ChangedElsewhere => Self::in_progress(),
            AppError::NotCancellable(_) => {
                Self::new(StatusCode::BAD_REQUEST, "not_cancellable", text)
            }
            AppError::Service { error, .. } => Self::unavailable(text).caused_by(error),
            AppError::CutOff => Self::unavailable(text),
            AppError::Db(DbError::Pool(error)) => error.into(),
            AppError::Db(DbError::Query(error)) => error.into(),
            AppError::Db(error @ DbError::Unreadable(_)) => Self::internal(error),
        }
    }
}
