//! Dead letters of the payment queue: list, look up, requeue.

use actix_web::HttpResponse;
use actix_web::web::Data;
use domain::{HoldId, RefusalCode};
use jiff::Timestamp;
use serde::Serialize;
use service_core::idempotency::Answer;
use service_http::extract::{Id, IdempotencyKey, Query};
use service_http::page::{PageBody, PageParameters};
use service_http::{Problem, respond};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Services;
use crate::model::dead_letter::{DeadLetter, Failure};
use crate::routes::refusals::{ListRefusals, LookupRefusals, RequeueRefusals};

/// A payment job that kept failing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterView {
    /// The dead letter's id
    id: Uuid,
    /// The booking's id
    #[schema(value_type = Uuid)]
    booking_id: HoldId,
    /// The user who booked
    #[schema(value_type = Uuid)]
    user_id: String,
    /// Status of the booking: `PENDING`, `CONFIRMED` or `CANCELLED`
    #[schema(example = "PENDING")]
    booking_status: &'static str,
    /// Number of payment attempts
    #[schema(example = 3)]
    attempts: i16,
    /// Why the last attempt was declined
    #[schema(example = "Card declined")]
    error: String,
    /// The reason as a stable code
    #[schema(value_type = String, example = "payment_failed")]
    code: RefusalCode,
    /// Time of the last attempt
    failed_at: Timestamp,
    /// Time of the requeue
    #[serde(skip_serializing_if = "Option::is_none")]
    requeued_at: Option<Timestamp>,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            booking_id: letter.hold,
            booking_status: letter.booking_status().as_str(),
            user_id: letter.user,
            attempts: letter.attempts,
            error: letter.message,
            code: letter.code,
            failed_at: letter.created_at,
            requeued_at: letter.requeued_at,
        }
    }
}

/// A dead letter with its failures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterDetails {
    /// The dead letter
    #[serde(flatten)]
    letter: DeadLetterView,
    /// All declined attempts of the booking, in order
    failures: Vec<FailureView>,
}

/// A declined payment attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureView {
    /// Number of the attempt, from 1
    #[schema(example = 1)]
    attempt: i16,
    /// Why it was declined
    #[schema(example = "Card declined")]
    error: String,
    /// The reason as a stable code
    #[schema(value_type = String, example = "payment_failed")]
    code: RefusalCode,
    /// Time of the attempt
    failed_at: Timestamp,
}

impl From<Failure> for FailureView {
    fn from(failure: Failure) -> Self {
        Self {
            attempt: failure.attempt,
            error: failure.message,
            code: failure.code,
            failed_at: failure.failed_at,
        }
    }
}

/// Dead letters that are not requeued yet, newest first.
#[utoipa::path(
    get, path = "/api/v1/payments/dead-letters", tag = "payment queue",
    operation_id = "list_dead_letters",
    params(PageParameters),
    responses((status = 200, description = "A page of them", body = PageBody<DeadLetterView>), ListRefusals)
)]
pub(crate) async fn list(
    services: Data<Services>,
    page: Query<PageParameters>,
) -> Result<HttpResponse, Problem> {
    let (part, limit) = page.0.part()?;
    let found = services.payment_jobs.dead_letters(part, limit).await?;
    let page = PageBody::of(found, limit, |letter| Ok(DeadLetterView::from(letter)))?;
    Ok(respond::ok(&page))
}

/// Look up a dead letter, with all declined attempts.
#[utoipa::path(
    get, path = "/api/v1/payments/dead-letters/{id}", tag = "payment queue",
    operation_id = "show_dead_letter",
    params(("id" = Uuid, Path, description = "The dead letter's id")),
    responses((status = 200, description = "The dead letter", body = DeadLetterDetails), LookupRefusals)
)]
pub(crate) async fn show(services: Data<Services>, id: Id<Uuid>) -> Result<HttpResponse, Problem> {
    let (letter, failures) = services.payment_jobs.dead_letter(id.0).await?;
    Ok(respond::ok(&DeadLetterDetails {
        letter: letter.into(),
        failures: failures.into_iter().map(FailureView::from).collect(),
    }))
}

/// Queue a dead letter's payment again.
#[utoipa::path(
    post, path = "/api/v1/payments/dead-letters/{id}/requeue", tag = "payment queue",
    operation_id = "requeue_dead_letter",
    params(
        ("id" = Uuid, Path, description = "The dead letter's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent"),
    ),
    responses((status = 200, description = "Queued again", body = DeadLetterView), RequeueRefusals)
)]
pub(crate) async fn requeue(
    services: Data<Services>,
    id: Id<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    // The path is the whole request.
    let key = key.of(&())?;
    let requeued = services.payment_jobs.requeue(id.0, key.as_ref(), |letter| {
        Answer::ok(&DeadLetterView::from(letter.clone()))
    });
    Ok(respond::replayable(requeued.await?))
}
