//! Seats by count: booked and paid in one request.

use serde_json::json;

use super::shared::{any_user, record_failure};
use crate::endpoints::{Caller, Endpoint};
use crate::outcome::{CONFIRMED, DECLINED, SOLD_OUT, TIMED_OUT};
use crate::pool::Pool;
use loadgen::stats::Outcome;

pub(super) async fn buy(
    caller: &mut Caller,
    pool: &Pool,
    flight: i64,
    units: u64,
    date: &str,
) -> Outcome {
    let body = json!({"user_id": any_user(), "flight_id": flight, "seats": units, "date": date});
    pool.told.ask(units);
    let reply = caller.post(Endpoint::Booking, "/api/bookings", &body).await;
    let code = reply.as_ref().map_or("", |reply| reply.text("code"));
    match (reply.as_ref().map(|reply| reply.status), code) {
        (Ok(200), _) => {
            pool.told.confirm(units, &[]);
            CONFIRMED
        }
        (Ok(400), "sold_out") => {
            pool.told.refuse(units, &[]);
            SOLD_OUT
        }
        (Ok(400), "payment_failed") => {
            pool.told.fail(units);
            DECLINED
        }
        (Ok(400), "payment_timeout") => {
            pool.told.fail(units);
            TIMED_OUT
        }
        _ => record_failure(pool, units, &reply),
    }
}
