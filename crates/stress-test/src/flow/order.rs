//! Chosen seats: ordered, then paid by code, then confirmed.

use serde_json::json;

use super::shared::{any_user, record_end, record_failure, wait_for_end};
use crate::endpoints::{Caller, Endpoint, Reply};
use crate::outcome::{CONFIRMED, DECLINED, INVALID_ANSWER, SEAT_TAKEN, SOLD_OUT};
use crate::pool::{Open, Pool};
use loadgen::stats::Outcome;

/// Any code but the one that the mock provider always declines.
const PAYMENT_CODE: &str = "12345";

pub(super) async fn buy(
    caller: &mut Caller,
    pool: &Pool,
    flight: i64,
    seats: &[String],
) -> Outcome {
    let units = u64::try_from(seats.len()).unwrap_or(u64::MAX);
    let body = json!({"userId": format!("user {}", any_user()), "seats": seats});
    let path = format!("/api/flights/{flight}/orders");
    pool.told.ask(units);
    let reply = caller.post(Endpoint::Booking, path, &body).await;
    let Ok(answer) = reply
        .as_ref()
        .ok()
        .filter(|reply| reply.status == 201)
        .ok_or(())
    else {
        return record_failure(pool, units, &reply);
    };
    match (answer.text("status"), answer.text("code")) {
        ("FAILED", code) => {
            pool.told.refuse(units, seats);
            if code == "sold_out" {
                SOLD_OUT
            } else {
                SEAT_TAKEN
            }
        }
        (_, _) if answer.text("orderId").is_empty() => {
            pool.told.lose(units);
            INVALID_ANSWER
        }
        _ => {
            let open = Open {
                id: answer.text("orderId").to_owned(),
                units,
                seats: seats.to_vec(),
            };
            follow(caller, pool, open).await
        }
    }
}

/// Pays for an order, unless it is paid already, and waits for its end.
pub(super) async fn follow(caller: &mut Caller, pool: &Pool, open: Open) -> Outcome {
    let path = format!("/api/orders/{}", open.id);
    let body = json!({"paymentCode": PAYMENT_CODE});
    // The answer does not matter: the order's status tells the outcome.
    let paid = caller
        .post(Endpoint::Booking, format!("{path}/payment"), &body)
        .await;
    drop(paid);
    let end = |reply: &Reply| match reply.text("status") {
        "CONFIRMED" => Some(CONFIRMED),
        "FAILED" | "EXPIRED" | "CANCELLED" => Some(DECLINED),
        _ => None,
    };
    let ended = wait_for_end(caller, &path, end).await;
    record_end(pool, open, ended)
}
