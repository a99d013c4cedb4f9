//! Tickets to an event: booked, then paid through a queue, then confirmed.

use serde_json::json;
use uuid::Uuid;

use super::shared::{record_end, record_failure, wait_for_end};
use crate::endpoints::{Caller, Endpoint, Reply};
use crate::outcome::{CONFIRMED, DECLINED, INVALID_ANSWER, SOLD_OUT};
use crate::pool::{Open, Pool};
use crate::random::any;
use loadgen::stats::Outcome;

pub(super) async fn buy(
    caller: &mut Caller,
    pool: &Pool,
    event: Uuid,
    units: u64,
    users: &[String],
) -> Outcome {
    let Some(user) = any(users) else {
        return INVALID_ANSWER;
    };
    let body = json!({"user_id": user, "event_id": event.to_string(), "quantity": units});
    pool.told.ask(units);
    let reply = caller
        .post(Endpoint::Booking, "/api/v1/bookings", &body)
        .await;
    let code = reply.as_ref().map_or("", |reply| reply.text("code"));
    match (reply.as_ref().map(|reply| reply.status), code) {
        (Ok(201), _) => {
            let id = reply.as_ref().map_or("", |reply| reply.text("id"));
            if id.is_empty() {
                pool.told.lose(units);
                return INVALID_ANSWER;
            }
            let open = Open {
                id: id.to_owned(),
                units,
                seats: Vec::new(),
            };
            follow(caller, pool, open).await
        }
        (Ok(409), "sold_out") => {
            pool.told.refuse(units, &[]);
            SOLD_OUT
        }
        _ => record_failure(pool, units, &reply),
    }
}

/// Waits for a booking's end.
pub(super) async fn follow(caller: &mut Caller, pool: &Pool, open: Open) -> Outcome {
    let path = format!("/api/v1/bookings/{}", open.id);
    let end = |reply: &Reply| match reply.text("status") {
        "CONFIRMED" => Some(CONFIRMED),
        "CANCELLED" => Some(DECLINED),
        _ => None,
    };
    let ended = wait_for_end(caller, &path, end).await;
    record_end(pool, open, ended)
}
