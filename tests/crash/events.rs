//! The events of a round and their vouchers, and whether what is shown of them is right in the end.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use test_stack::caller::Call;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::world::World;

/// How many tickets a user may have of the small event.
const LIMIT: i64 = 4;

/// Vouchers: code, percent off, and uses; one takes off the full price.
const VOUCHERS: [(&str, i64, i64); 2] = [("HALF", 50, 5), ("GIFT", 100, 3)];

/// Two events: one that has tickets for all, and one that is sold out soon and gives nobody many.
pub struct Events {
    pub events: [Uuid; 2],
}

impl Events {
    pub async fn make(world: &World) -> anyhow::Result<Self> {
        let large = json!({"total_tickets": 500, "ticket_price": 75.5});
        let small = json!({
            "total_tickets": 15, "ticket_price": 20, "max_tickets_per_user": LIMIT,
        });
        let events = [
            Self::event(world, "Large", large).await?,
            Self::event(world, "Small", small).await?,
        ];
        for (code, percent, uses) in VOUCHERS {
            let body = json!({"code": code, "percent_off": percent, "max_uses": uses});
            made(world, "/api/v1/vouchers", code, body).await?;
        }
        Ok(Self { events })
    }

    async fn event(world: &World, name: &str, mut body: Value) -> anyhow::Result<Uuid> {
        body["name"] = json!(name);
        body["description"] = json!("An evening in the park");
        body["date_time"] = json!("2100-07-10T19:30:00Z");
        made(world, "/api/v1/events", name, body).await
    }

    /// Creates a user with this name.
    pub async fn user(world: &World, name: &str) -> anyhow::Result<Uuid> {
        let body = json!({"name": name, "email": format!("{name}@example.org")});
        made(world, "/api/v1/users", name, body).await
    }

    /// A voucher's code.
    pub fn voucher(number: usize) -> &'static str {
        VOUCHERS[number % VOUCHERS.len()].0
    }

    /// Checks that events and vouchers show the sums of their bookings, and that nobody exceeds the per-user
    /// limit.
    pub async fn check(&self, world: &World, sql: &Client) -> anyhow::Result<()> {
        for event in &self.events {
            let row = sql
                .query_one(
                    "SELECT coalesce(sum(one.quantity), 0)::bigint,
                            (coalesce(sum(booking.amount_minor), 0) / 100.0)::float8
                     FROM event_bookings one JOIN bookings booking ON booking.id = one.booking_id
                     WHERE one.event_id = $1 AND booking.public_status = 'confirmed'",
                    &[event],
                )
                .await?;
            let (sold, revenue): (i64, f64) = (row.try_get(0)?, row.try_get(1)?);
            let path = format!("/api/v1/events/{event}");
            let total = &world.look(&path).await?["total_tickets"];
            let free = total.as_i64().context("no total_tickets")? - sold;
            let seen = world.look(&format!("{path}/statistics")).await?;
            let shown = seen["estimated_revenue"].as_f64();
            ensure!(
                seen["total_sold"] == sold
                    && seen["available_tickets"] == free
                    && shown.is_some_and(|shown| (shown - revenue).abs() < 0.005),
                "{sold} were sold for {revenue}, and {free} are free, but shown is {seen}"
            );
        }
        for (code, _, uses) in VOUCHERS {
            let row = sql
                .query_one(
                    "SELECT count(*) FROM event_bookings one
                     JOIN bookings booking ON booking.id = one.booking_id
                     JOIN vouchers voucher ON voucher.id = one.voucher_id
                     WHERE voucher.code = $1 AND booking.public_status = 'confirmed'",
                    &[&code],
                )
                .await?;
            let used: i64 = row.try_get(0)?;
            let seen = world.look(&format!("/api/v1/vouchers/{code}")).await?;
            ensure!(seen["uses_left"] == uses - used, "{used} used, but {seen}");
        }
        let greedy = sql
            .query(
                "SELECT one.user_id FROM event_bookings one
                 JOIN bookings booking ON booking.id = one.booking_id
                 JOIN events event ON event.id = one.event_id
                 WHERE booking.public_status = 'confirmed' AND event.name = 'Small'
                 GROUP BY one.user_id HAVING sum(one.quantity) > $1",
                &[&LIMIT],
            )
            .await?;
        ensure!(greedy.is_empty(), "a user has more than their share");
        Ok(())
    }
}

/// Creates a resource once, if none at this path has this name; returns its id.
async fn made(world: &World, path: &str, name: &str, body: Value) -> anyhow::Result<Uuid> {
    let call = Call::post(path, body).keyed(name.to_owned());
    let answer = world.bookings.retry(&call).await?;
    ensure!(answer.status == 201, "{answer:?}");
    Ok(answer.body["id"].as_str().context("no id")?.parse()?)
}
