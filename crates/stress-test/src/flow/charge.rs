//! Payments without a booking.

use std::borrow::Cow;

use serde_json::json;
use uuid::Uuid;

use super::shared::{any_user, record_failure};
use crate::endpoints::{Caller, Endpoint};
use crate::outcome::{CHARGED, DECLINED, TIMED_OUT};
use crate::pool::{Pool, Products, Receipt};
use loadgen::http::Request;
use loadgen::stats::Outcome;

pub(super) async fn run(caller: &mut Caller, pool: &Pool) -> Outcome {
    let Products::Charges(reference) = pool.products else {
        return Outcome::Broken;
    };
    let body = json!({
        "booking_id": any_user(),
        "amount": 100,
        "user_id": any_user(),
        "payment_type": "credit_card",
        "reference": reference.to_string(),
    });
    let request = Request::post_json("/api/payments/process", body.to_string())
        .with_header("idempotency-key", Cow::Owned(Uuid::new_v4().to_string()));
    pool.told.ask(1);
    let reply = caller.ask(Endpoint::Payment, &request).await;
    let status = reply.as_ref().map_or("", |reply| reply.text("status"));
    let id = reply.as_ref().map_or("", |reply| reply.text("payment_id"));
    if !id.is_empty() {
        pool.told.give(Receipt {
            id: id.to_owned(),
            is_charged: status == "success",
        });
    }
    let outcome = match (reply.as_ref().map(|reply| reply.status), status) {
        (Ok(200), "success") => {
            pool.told.confirm(1, &[]);
            return CHARGED;
        }
        (Ok(400), "failed") => DECLINED,
        (Ok(408), _) => TIMED_OUT,
        _ => return record_failure(pool, 1, &reply),
    };
    pool.told.fail(1);
    outcome
}
