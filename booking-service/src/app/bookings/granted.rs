//! Maps flight-service's answers to this service's errors.

use clients::Answer;
use domain::RefusalCode;

use crate::app::AppError;
use crate::model::refusal::Refusal;

const FLIGHTS: &str = "flight-service";

impl From<clients::Refusal> for Refusal {
    fn from(refusal: clients::Refusal) -> Self {
        Self {
            code: refusal.code,
            message: refusal.detail,
        }
    }
}

/// Its refusals become this service's own.
pub(crate) fn granted<T>(answer: Answer<T>) -> Result<T, AppError> {
    let answer = answer.map_err(|error| AppError::NoAnswer(FLIGHTS, error))?;
    answer.map_err(|refusal| AppError::Refused(Refusal::from(refusal)))
}

/// For a single flight, whose name appears in the error if it is unknown.
pub(crate) fn granted_of<T>(flight: &str, answer: Answer<T>) -> Result<T, AppError> {
    granted(answer).map_err(|error| match error {
        AppError::Refused(Refusal {
            code: RefusalCode::UnknownFlight | RefusalCode::NotFound,
            ..
        }) => AppError::UnknownFlight(flight.to_owned()),
        error => error,
    })
}
