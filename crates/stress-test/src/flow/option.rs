//! Tickets of a ticket option: sold when the purchase is answered.

use serde_json::json;
use uuid::Uuid;

use super::shared::{any_user, record_failure};
use crate::endpoints::{Caller, Endpoint};
use crate::outcome::{CONFIRMED, SOLD_OUT};
use crate::pool::Pool;
use loadgen::stats::Outcome;

pub(super) async fn buy(caller: &mut Caller, pool: &Pool, option: Uuid, units: u64) -> Outcome {
    let body = json!({"data": {
        "type": "purchases",
        "attributes": {"quantity": units},
        "relationships": {
            "ticket_option": {"data": {"type": "ticket_options", "id": option.to_string()}},
            "user": {"data": {"type": "users", "id": any_user().to_string()}},
        },
    }});
    pool.told.ask(units);
    let reply = caller.post(Endpoint::Booking, "/purchases", &body).await;
    let code = reply.as_ref().map(|reply| &reply.body["errors"][0]["code"]);
    let is_sold_out = code.is_ok_and(|code| code == "invalid_purchase_quantity");
    match reply.as_ref().map(|reply| reply.status) {
        Ok(201) => {
            pool.told.confirm(units, &[]);
            CONFIRMED
        }
        Ok(400) if is_sold_out => {
            pool.told.refuse(units, &[]);
            SOLD_OUT
        }
        _ => record_failure(pool, units, &reply),
    }
}
