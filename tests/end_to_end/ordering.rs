//! Tests' calls about orders.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use test_stack::wait_for;

use crate::services::Services;
use test_stack::caller::{Answer, SOON};

/// The demo's flight with a seat map: A1 to C10, 4500.00 a seat.
pub const FLIGHT: &str = "FL123";

pub struct Order {
    pub id: String,
    pub made: Answer,
}

impl Services {
    /// Orders seats on the flight with a seat map.
    pub async fn order(&self, user: &str, seats: &[&str]) -> anyhow::Result<Order> {
        let body = json!({"userId": user, "seats": seats});
        let path = format!("/api/flights/{FLIGHT}/orders");
        let made = self.bookings.post(&path, &body).await?;
        ensure!(made.status == 201, "{made:?}");
        let id = made.body["orderId"].as_str().context("no orderId")?;
        Ok(Order {
            id: id.to_owned(),
            made,
        })
    }

    pub async fn look_at(&self, order: &Order) -> anyhow::Result<Value> {
        let answer = self
            .bookings
            .get(&format!("/api/orders/{}", order.id))
            .await?;
        ensure!(answer.status == 200, "{answer:?}");
        Ok(answer.body)
    }

    pub async fn pay(&self, order: &Order, code: &str) -> anyhow::Result<Answer> {
        let path = format!("/api/orders/{}/payment", order.id);
        self.bookings
            .post(&path, &json!({"paymentCode": code}))
            .await
    }

    pub async fn change(&self, order: &Order, seats: &[&str]) -> anyhow::Result<Answer> {
        let path = format!("/api/orders/{}/seats", order.id);
        self.bookings.post(&path, &json!({"seats": seats})).await
    }

    pub async fn give_up(&self, order: &Order) -> anyhow::Result<Answer> {
        let path = format!("/api/orders/{}", order.id);
        self.bookings
            .send(self.bookings.request(Method::DELETE, &path))
            .await
    }

    /// Waits until an order has this status, and returns it.
    pub async fn wait_for_status(&self, order: &Order, status: &str) -> anyhow::Result<Value> {
        let mut seen = Value::Null;
        wait_for(status, SOON, async || {
            seen = self.look_at(order).await?;
            ensure!(seen["status"] == status, "it is {seen}");
            Ok(())
        })
        .await?;
        Ok(seen)
    }

    /// The flight's seats that are not free, as `A1 RESERVED alice`, in order.
    pub async fn taken_seats(&self) -> anyhow::Result<Vec<String>> {
        let map = self
            .bookings
            .get(&format!("/api/flights/{FLIGHT}/seats"))
            .await?;
        let seats = map.body["seats"].as_array().context("no seats")?;
        let taken = seats.iter().filter(|seat| seat["status"] != "AVAILABLE");
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        Ok(taken
            .map(|seat| {
                let [number, status, user] =
                    ["seatNumber", "status", "userId"].map(|field| text(&seat[field]));
                format!("{number} {status} {user}")
            })
            .collect())
    }
}
