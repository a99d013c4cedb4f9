//! The dead letters of the payment queue: listed, looked at, and queued again.

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

/// A payment that kept failing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterView {
    /// The dead letter's id
    id: Uuid,
    /// The booking
    #[schema(value_type = Uuid)]
    booking_id: HoldId,
    /// Whose it is
    #[schema(value_type = Uuid)]
    user_id: String,
    /// Where the booking stands: `PENDING`, `CONFIRMED` or `CANCELLED`
    #[schema(example = "PENDING")]
    booking_status: &'static str,
    /// How many attempts had been made
    #[schema(example = 3)]
    attempts: i16,
    /// Why the last one was declined
    #[schema(example = "Card declined")]
    error: String,
    /// The same as a stable code
    #[schema(value_type = String, example = "payment_failed")]
    code: RefusalCode,
    /// When that was
    failed_at: Timestamp,
    /// When it was queued again
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

/// The same, with all of its history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetterDetails {
    /// The dead letter
    #[serde(flatten)]
    letter: DeadLetterView,
    /// All attempts of this booking that were declined, in order
    failures: Vec<FailureView>,
}

/// An attempt that was declined.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureView {
    /// Which attempt, from 1
    #[schema(example = 1)]
    attempt: i16,
    /// Why it was declined
    #[schema(example = "Card declined")]
    error: String,
    /// The same as a stable code
    #[schema(value_type = String, example = "payment_failed")]
    code: RefusalCode,
    /// When
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

/// The payments that kept failing and were not queued again, newest first.
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

/// Look a dead letter up, with the history of its job.
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
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it be queued once"),
    ),
    responses((status = 200, description = "It is queued again", body = DeadLetterView), RequeueRefusals)
)]
pub(crate) async fn requeue(
    services: Data<Services>,
    id: Id<Uuid>,
    key: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    // The path says it all.
    let key = key.of(&())?;
    let requeued = services.payment_jobs.requeue(id.0, key.as_ref(), |letter| {
        Answer::ok(&DeadLetterView::from(letter.clone()))
    });
    Ok(respond::replayable(requeued.await?))
}
