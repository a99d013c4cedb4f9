//! Customers and event tickets: they book them, with a key or without, look whether they are paid, and cancel
//! them.

use anyhow::{Context as _, ensure};
use rand::RngExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Customer;
use crate::events::Events;
use crate::observations::{End, Which};
use test_stack::caller::Call;

/// Fields of a booking that never change.
const LASTING: [&str; 7] = [
    "id",
    "user_id",
    "event_id",
    "quantity",
    "total_amount",
    "payment_deadline",
    "created_at",
];

/// Possible shortages: tickets, the voucher's uses, the per-user limit.
const SHORTAGES: [&str; 3] = ["sold_out", "voucher_used_up", "limit_reached"];

impl Customer<'_> {
    /// Books tickets; may look at them and cancel them.
    pub(super) async fn book_tickets(&mut self, wish: usize) -> anyhow::Result<()> {
        let call = Call::post("/api/v1/bookings", self.tickets());
        let booked = if self.is_likely(0.6) {
            let call = call.keyed(self.key(wish));
            let booked = self.retry(&call).await?;
            if booked.status == 201 && self.is_likely(0.4) {
                let again = self.retry(&call).await?;
                ensure!(again.status == 201, "{again:?} after {booked:?}");
                is_same(&again.body, &booked.body)?;
            }
            booked
        } else {
            match self.call_once(&call).await? {
                Some(booked) => booked,
                None => return Ok(()),
            }
        };
        if booked.status == 409 {
            let code = booked.body["code"].as_str().unwrap_or_default();
            ensure!(SHORTAGES.contains(&code), "{booked:?}");
            return Ok(());
        }
        ensure!(booked.status == 201, "{booked:?}");
        let id: Uuid = booked.body["id"].as_str().context("no id")?.parse()?;
        let mut end = match booked.body["status"].as_str() {
            Some("PENDING") => End::Any,
            Some("CONFIRMED") => End::Confirmed,
            _ => anyhow::bail!("{booked:?}"),
        };
        let path = format!("/api/v1/bookings/{id}");
        if self.is_likely(0.5) {
            let seen = self.retry(&Call::get(path.clone())).await?;
            ensure!(seen.status == 200, "{seen:?}");
            is_same(&seen.body, &booked.body)?;
            match seen.body["status"].as_str() {
                Some("PENDING") => ensure!(end == End::Any, "{seen:?} after {booked:?}"),
                Some("CONFIRMED") => end = End::Confirmed,
                Some("CANCELLED") => end = End::Over,
                _ => anyhow::bail!("{seen:?}"),
            }
        }
        if self.is_likely(0.35) {
            end = self.give_up_tickets(&path).await?;
        }
        self.observe(Which::Hold(id), end);
        Ok(())
    }

    async fn give_up_tickets(&mut self, path: &str) -> anyhow::Result<End> {
        let cancel = Call::new(Method::PUT, format!("{path}/cancel"));
        let cancelled = self.retry(&cancel).await?;
        match cancelled.status {
            200 => Ok(End::Cancelled),
            // Its deadline has passed, or an earlier call whose answer was lost cancelled it.
            409 => Ok(End::Over),
            _ => anyhow::bail!("{cancelled:?}"),
        }
    }

    fn tickets(&mut self) -> Value {
        let event = self.events.events[usize::from(self.is_likely(0.4))];
        let quantity = self.random.random_range(1..=3);
        let mut body = json!({"user_id": self.user, "event_id": event, "quantity": quantity});
        if self.is_likely(0.3) {
            body["voucher"] = json!(Events::voucher(self.random.random_range(0..2)));
        }
        body
    }
}

/// Whether both answers are about one booking.
fn is_same(one: &Value, other: &Value) -> anyhow::Result<()> {
    let differs = LASTING.iter().find(|field| one[**field] != other[**field]);
    ensure!(differs.is_none(), "{differs:?} differs: {one} and {other}");
    Ok(())
}
