//! Charges: made, simulated, looked up; and closing their keys.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use batch_api::{CallBatch, Member, MemberAnswer};
use domain::{Amount, PaymentId};
use payment_api::{Charge, ChargeRequest, ChargeStatus, CloseRequest, ClosedKey, KeyedCharge};
use serde::Deserialize;
use service_core::idempotency::{Replayable, RequestKey};
use service_http::batch::Batch;
use service_http::extract::{Id, IdempotencyKey, Json, Query as Parameters};
use service_http::problem::ProblemBody;
use service_http::{Problem, respond};

use super::parse;
use super::refusals::{BodyRefusals, ChargeRefusals, CloseRefusals, LookupRefusals, QueryRefusals};
use crate::app::{ChargeOrder, EndedCharge, Payments};
use crate::charge::{self, ChargeKind, EndStatus, Outcome, Progress};
use crate::provider::mock::MockProvider;

/// Charge through the provider, once per Idempotency-Key.
///
/// With a key the charge is made once, even across crashes: after a 503 or no answer, repeat the request with
/// the same key and body. Keys never expire.
#[utoipa::path(
    post, path = "/api/payments/process", tag = "payments",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the charge happen once")),
    request_body = ChargeRequest,
    responses(
        (status = 200, description = "The money was taken", body = Charge),
        (
            status = 400,
            description = "`status` is `failed`, nothing was taken; or a problem: the request is malformed",
            content((Charge = "application/json"), (ProblemBody<'static> = "application/problem+json"))
        ),
        (status = 408, description = "`status` is `timeout`: definitive, nothing was taken", body = Charge),
        ChargeRefusals,
    )
)]
pub(super) async fn process(
    payments: Data<Payments>,
    mock: Option<Data<MockProvider>>,
    key: IdempotencyKey,
    request: Json<ChargeRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of_everybody(&request.body)?;
    process_one(&payments, mock, key, request.body).await
}

async fn process_one(
    payments: &Payments,
    mock: Option<Data<MockProvider>>,
    key: Option<RequestKey>,
    request: ChargeRequest,
) -> Result<HttpResponse, Problem> {
    let made = charge(payments, ChargeKind::Process, key, request).await?;
    let EndedCharge { charge, outcome } = &made.value;
    if let Some(mock) = mock
        && !made.replayed
        && outcome.status == EndStatus::Success
    {
        mock.deliver(&charge.provider_key()).await;
    }
    Ok(answer(ChargeKind::Process, &made))
}

/// Charge many times through the provider, once per key.
///
/// The charges are made side by side. Each is answered as a request of its own would be, in a line of its own, as soon as
/// it has ended.
#[utoipa::path(
    post, path = "/api/payments/process/batch", tag = "payments",
    request_body = CallBatch<Member<KeyedCharge>>,
    responses(
        (
            status = 200, description = "The answer to each charge",
            body = MemberAnswer<'static>, content_type = "application/x-ndjson"
        ),
        BodyRefusals,
    )
)]
pub(super) async fn process_batch(
    payments: Data<Payments>,
    mock: Option<Data<MockProvider>>,
    batch: Batch<KeyedCharge>,
) -> HttpResponse {
    batch.answer(move |call| {
        let (payments, mock) = (payments.clone(), mock.clone());
        async move {
            let key = IdempotencyKey::of_batch_member(&call.key, &call.charge)?;
            process_one(&payments, mock, Some(key), call.charge).await
        }
    })
}

/// Record a charge that succeeds.
#[utoipa::path(
    post, path = "/api/payments/simulate/success", tag = "payments",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the charge happen once")),
    request_body = ChargeRequest,
    responses(
        (status = 200, description = "`status` is `success`", body = Charge),
        ChargeRefusals, BodyRefusals,
    )
)]
pub(super) async fn simulate_success(
    payments: Data<Payments>,
    key: IdempotencyKey,
    request: Json<ChargeRequest>,
) -> Result<HttpResponse, Problem> {
    simulate(&payments, ChargeKind::SimulateSuccess, key, request).await
}

/// Record a charge that fails.
#[utoipa::path(
    post, path = "/api/payments/simulate/failure", tag = "payments",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the charge happen once")),
    request_body = ChargeRequest,
    responses(
        (status = 200, description = "`status` is `failed`", body = Charge),
        ChargeRefusals, BodyRefusals,
    )
)]
pub(super) async fn simulate_failure(
    payments: Data<Payments>,
    key: IdempotencyKey,
    request: Json<ChargeRequest>,
) -> Result<HttpResponse, Problem> {
    simulate(&payments, ChargeKind::SimulateFailure, key, request).await
}

/// Record a charge that times out.
#[utoipa::path(
    post, path = "/api/payments/simulate/timeout", tag = "payments",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the charge happen once")),
    request_body = ChargeRequest,
    responses(
        (status = 408, description = "`status` is `timeout`", body = Charge),
        ChargeRefusals, BodyRefusals,
    )
)]
pub(super) async fn simulate_timeout(
    payments: Data<Payments>,
    key: IdempotencyKey,
    request: Json<ChargeRequest>,
) -> Result<HttpResponse, Problem> {
    simulate(&payments, ChargeKind::SimulateTimeout, key, request).await
}

async fn simulate(
    payments: &Payments,
    kind: ChargeKind,
    key: IdempotencyKey,
    request: Json<ChargeRequest>,
) -> Result<HttpResponse, Problem> {
    let key = key.of_everybody(&request.body)?;
    let made = charge(payments, kind, key, request.body).await?;
    Ok(answer(kind, &made))
}

async fn charge(
    payments: &Payments,
    kind: ChargeKind,
    key: Option<RequestKey>,
    request: ChargeRequest,
) -> Result<Replayable<EndedCharge>, Problem> {
    let order = ChargeOrder {
        kind,
        details: parse::details(request)?,
        key,
    };
    Ok(payments.charge(order).await?)
}

fn answer(kind: ChargeKind, made: &Replayable<EndedCharge>) -> HttpResponse {
    let EndedCharge { charge, outcome } = &made.value;
    let status = match (kind, outcome.status) {
        (_, EndStatus::Success) => StatusCode::OK,
        (ChargeKind::Process, EndStatus::Failed) => StatusCode::BAD_REQUEST,
        (_, EndStatus::Failed) => StatusCode::OK,
        (_, EndStatus::Timeout) => StatusCode::REQUEST_TIMEOUT,
    };
    // As first answered: before any refund.
    let response = respond::json(status, &wire(charge, Amount::ZERO));
    let path = format!("/api/payments/{}", charge.id);
    respond::mark_replayed(respond::located(response, &path), made.replayed)
}

/// Look a charge up.
#[utoipa::path(
    get, path = "/api/payments/{id}", tag = "payments",
    params(("id" = String, Path, description = "The charge's id")),
    responses((status = 200, description = "The charge", body = Charge), LookupRefusals)
)]
pub(super) async fn by_id(
    payments: Data<Payments>,
    id: Id<PaymentId>,
) -> Result<HttpResponse, Problem> {
    let charge = payments.charge_by_id(id.0).await?;
    Ok(respond::ok(&wire(&charge, charge.refunded.amount())))
}

#[derive(Debug, Deserialize)]
pub(super) struct ByKey {
    key: String,
}

/// Look a charge up by its key, such as after a lost answer.
#[utoipa::path(
    get, path = "/api/payments", tag = "payments",
    params(("key" = String, Query, description = "The Idempotency-Key that the charge was made with")),
    responses(
        (status = 200, description = "The charge", body = Charge),
        LookupRefusals, QueryRefusals,
    )
)]
pub(super) async fn by_key(
    payments: Data<Payments>,
    parameters: Parameters<ByKey>,
) -> Result<HttpResponse, Problem> {
    let key = parse::charge_key(parameters.0.key)?;
    let charge = payments.charge_by_key(&key).await?;
    Ok(respond::ok(&wire(&charge, charge.refunded.amount())))
}

/// Close a key, to learn for good whether it made a charge.
///
/// Returns the charge that the key made; if there is none, the key will never make one. Waits for a running
/// charge.
#[utoipa::path(
    post, path = "/api/payments/close", tag = "payments",
    request_body = CloseRequest,
    responses(
        (status = 200, description = "The key is closed, with the charge that it made, if any", body = ClosedKey),
        CloseRefusals, BodyRefusals,
    )
)]
pub(super) async fn close(
    payments: Data<Payments>,
    request: Json<CloseRequest>,
) -> Result<HttpResponse, Problem> {
    let key = parse::charge_key(request.body.key)?;
    let charge = payments.close_key(&key).await?;
    Ok(respond::ok(&ClosedKey {
        key,
        closed: true,
        charge: charge.map(|charge| wire(&charge, charge.refunded.amount())),
    }))
}

/// A charge on the wire, with its refunded total.
fn wire(charge: &charge::Charge, refunded: Amount) -> Charge {
    let (status, message, code, processed_at) = match &charge.progress {
        Progress::Processing { .. } => (
            ChargeStatus::Processing,
            "Payment is being processed".to_owned(),
            None,
            charge.created_at,
        ),
        Progress::Ended {
            outcome:
                Outcome {
                    status,
                    code,
                    message,
                },
            at,
        } => {
            let status = match status {
                EndStatus::Success => ChargeStatus::Success,
                EndStatus::Failed => ChargeStatus::Failed,
                EndStatus::Timeout => ChargeStatus::Timeout,
            };
            (status, message.clone(), code.clone(), *at)
        }
    };
    Charge {
        payment_id: charge.id,
        status,
        message,
        code,
        booking_id: charge.details.booking.clone(),
        amount: charge.details.money.amount(),
        currency: charge.details.money.currency(),
        refunded,
        processed_at,
    }
}
