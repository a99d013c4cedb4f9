//! Refunds of a charge.

use actix_web::HttpResponse;
use actix_web::web::Data;
use domain::PaymentId;
use payment_api::{Refund, RefundRequest};
use service_http::extract::{Id, IdempotencyKey, Json};
use service_http::{Problem, respond};

use super::parse;
use super::refusals::{BodyRefusals, RefundRefusals};
use crate::app::Payments;

/// Refund some or all of a charge, once per Idempotency-Key.
#[utoipa::path(
    post, path = "/api/payments/{id}/refunds", tag = "payments",
    params(
        ("id" = String, Path, description = "The charge's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the refund happen once"),
    ),
    request_body = RefundRequest,
    responses(
        (status = 201, description = "The refund is recorded", body = Refund),
        RefundRefusals, BodyRefusals,
    )
)]
pub(super) async fn refund(
    payments: Data<Payments>,
    id: Id<PaymentId>,
    key: IdempotencyKey,
    request: Json<RefundRequest>,
) -> Result<HttpResponse, Problem> {
    let amount = parse::refund_amount(request.body.amount)?;
    let key = key.of_everybody(&request.body)?;
    let answer = payments.refund(id.0, amount, key.as_ref()).await?;
    let refund = answer.value;
    let body = Refund {
        refund_id: refund.id,
        payment_id: refund.payment,
        amount: refund.money.amount(),
        refunded_at: refund.refunded_at,
    };
    // A refund has no address of its own: it is part of its charge.
    let location = format!("/api/payments/{}", refund.payment);
    let response = respond::created(&body, &location);
    Ok(respond::mark_replayed(response, answer.replayed))
}
