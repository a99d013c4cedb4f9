//! A crowd on two replicas wants vouchers and tickets beyond the limit per user.

use std::collections::HashMap;

use anyhow::ensure;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;

use crate::support::{TestService, event, user};

/// Of the voucher.
const USES: usize = 90;

/// Tickets.
const USER_LIMIT: i64 = 5;

/// Each asks again and again.
const USERS: usize = 20;

/// Bookings requested, of one or two tickets each.
const ASKED: usize = 400;

#[tokio::test]
async fn no_replica_gives_more_than_a_share_or_uses_a_voucher_too_often() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let other = service.replica().await?;
    let mut gala = event(1000);
    gala["ticket_price"] = json!(0);
    gala["max_tickets_per_user"] = json!(USER_LIMIT);
    let gala = service.caller.make("/api/v1/events", &gala).await?;
    let voucher = json!({"code": "GALA", "percent_off": 10, "max_uses": USES});
    service.caller.make("/api/v1/vouchers", &voucher).await?;
    let mut users = Vec::new();
    for number in 0..USERS {
        let name = format!("user{number}");
        users.push(service.caller.make("/api/v1/users", &user(&name)).await?);
    }

    let ask = async |number: usize| {
        let caller = [&service.caller, &other.caller][number % 2];
        let user = &users[number % USERS];
        let quantity = 1 + i64::from(number.is_multiple_of(3));
        let body =
            json!({"user_id": user, "event_id": gala, "quantity": quantity, "voucher": "GALA"});
        let answer = caller.post("/api/v1/bookings", &body).await?;
        match answer.summary().as_str() {
            "201 -" => Ok((number % USERS, quantity)),
            "409 limit_reached" | "409 voucher_used_up" => Ok((number % USERS, 0)),
            _ => anyhow::bail!("{}", answer.text),
        }
    };
    let answers: Vec<anyhow::Result<(usize, i64)>> = stream::iter(0..ASKED)
        .map(ask)
        .buffer_unordered(100)
        .collect()
        .await;
    let mut had: HashMap<usize, i64> = HashMap::new();
    let mut uses = 0;
    for answer in answers {
        let (user, quantity) = answer?;
        *had.entry(user).or_default() += quantity;
        uses += usize::from(quantity > 0);
    }
    ensure!(
        had.values().all(|tickets| *tickets <= USER_LIMIT),
        "{had:?}"
    );
    ensure!(uses <= USES, "the voucher was used {uses} times");
    // Every user asks for far more than the limit, so either all limits are used up or the voucher is.
    let left = USER_LIMIT * i64::try_from(USERS)? - had.values().sum::<i64>();
    ensure!(left == 0 || uses == USES, "{left} left, {uses} uses");

    let voucher = service.caller.get("/api/v1/vouchers/gala").await?;
    let uses_left = voucher.body["uses_left"].as_i64().unwrap_or_default();
    ensure!(uses_left == i64::try_from(USES - uses)?, "{}", voucher.text);
    let statistics = format!("/api/v1/events/{gala}/statistics");
    let statistics = service.caller.get(&statistics).await?;
    ensure!(
        statistics.body["total_sold"] == had.values().sum::<i64>(),
        "{}",
        statistics.text
    );
    Ok(())
}
