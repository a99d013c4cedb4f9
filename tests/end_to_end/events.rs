//! Tests' calls about events, users and their bookings.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};
use test_stack::wait_for;

use crate::services::Services;
use test_stack::caller::{Answer, SOON};

/// An event with tickets at 75.50, and a user.
pub struct Show {
    pub event: String,
    pub user: String,
}

/// The id in an answer.
pub fn id_in(answer: &Answer) -> anyhow::Result<String> {
    let id = answer.body["id"].as_str();
    Ok(id.with_context(|| format!("no id: {answer:?}"))?.to_owned())
}

impl Services {
    /// An event with `tickets` tickets, and a user.
    pub async fn show(&self, tickets: i64) -> anyhow::Result<Show> {
        self.show_with(tickets, json!({})).await
    }

    /// The same with other fields.
    pub async fn show_with(&self, tickets: i64, fields: Value) -> anyhow::Result<Show> {
        Ok(Show {
            event: self.show_event(tickets, &fields).await?,
            user: self.user("ann").await?,
        })
    }

    /// An event with `tickets` tickets and these fields.
    pub async fn show_event(&self, tickets: i64, fields: &Value) -> anyhow::Result<String> {
        let mut event = json!({
            "name": "Rock Concert", "description": "An evening in the park",
            "date_time": "2030-07-10T19:30:00Z", "total_tickets": tickets, "ticket_price": 75.50,
        });
        for (name, value) in fields.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        self.bookings.make("/api/v1/events", &event).await
    }

    /// A user with this name.
    pub async fn user(&self, name: &str) -> anyhow::Result<String> {
        let body = json!({"name": name, "email": format!("{name}@example.org")});
        self.bookings.make("/api/v1/users", &body).await
    }

    pub async fn book_tickets(&self, show: &Show, quantity: i64) -> anyhow::Result<Answer> {
        let body = json!({"user_id": show.user, "event_id": show.event, "quantity": quantity});
        self.bookings.post("/api/v1/bookings", &body).await
    }

    pub async fn look_at_tickets(&self, booking: &str) -> anyhow::Result<Answer> {
        self.bookings
            .get(&format!("/api/v1/bookings/{booking}"))
            .await
    }

    /// Waits until the booking has this status.
    pub async fn tickets_are(&self, booking: &str, status: &str) -> anyhow::Result<Answer> {
        wait_for("the booking has its status", SOON, async || {
            let seen = self.look_at_tickets(booking).await?;
            anyhow::ensure!(seen.body["status"] == status, "{}", seen.text);
            Ok::<_, anyhow::Error>(seen)
        })
        .await
    }

    pub async fn cancel_tickets(&self, booking: &str) -> anyhow::Result<Answer> {
        let path = format!("/api/v1/bookings/{booking}/cancel");
        let request = self.bookings.request(Method::PUT, &path);
        self.bookings.send(request).await
    }

    /// `total_sold`, `estimated_revenue` and `available_tickets`.
    pub async fn statistics(&self, show: &Show) -> anyhow::Result<[f64; 3]> {
        let path = format!("/api/v1/events/{}/statistics", show.event);
        let answer = self.bookings.get(&path).await?;
        let field = |name: &str| answer.body[name].as_f64().context("a sum is missing");
        Ok([
            field("total_sold")?,
            field("estimated_revenue")?,
            field("available_tickets")?,
        ])
    }

    /// Changes the mock provider's settings.
    pub async fn mock(&self, settings: Value) -> anyhow::Result<()> {
        let request = self.payments.request(Method::PUT, "/api/payments/mock");
        let answer = self.payments.send(request.json(&settings)).await?;
        anyhow::ensure!(answer.status == 200, "{}", answer.text);
        Ok(())
    }

    /// The open dead letters.
    pub async fn dead_letters(&self) -> anyhow::Result<Vec<Value>> {
        let answer = self.bookings.get("/api/v1/payments/dead-letters").await?;
        let letters = answer.body["data"].as_array();
        Ok(letters.context("no list")?.clone())
    }

    /// Waits for the only dead letter.
    pub async fn dead_letter(&self) -> anyhow::Result<Value> {
        wait_for("there is a dead letter", SOON, async || {
            let letters = self.dead_letters().await?;
            letters.first().cloned().context("none")
        })
        .await
    }

    pub async fn requeue(&self, letter: &Value) -> anyhow::Result<Answer> {
        let id = letter["id"].as_str().context("no id")?;
        let path = format!("/api/v1/payments/dead-letters/{id}/requeue");
        let request = self.bookings.request(Method::POST, &path);
        self.bookings.send(request).await
    }
}
