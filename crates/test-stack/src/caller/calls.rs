//! The calls that many tests make.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Caller};

/// flight-service.
impl Caller {
    /// How many seats of a flight are free.
    ///
    /// # Errors
    /// As [`Self::send`], and when the answer does not say it.
    pub async fn free_seats(&self, flight: i64) -> anyhow::Result<i64> {
        let answer = self.get(&format!("/api/flights/{flight}")).await?;
        let free = answer.body["available_seats"].as_i64();
        free.with_context(|| format!("no available_seats: {answer:?}"))
    }

    /// # Errors
    /// As [`Self::send`].
    pub async fn search(&self, query: &str) -> anyhow::Result<Answer> {
        self.get(&format!("/api/flights/search?{query}")).await
    }

    /// # Errors
    /// As [`Self::send`].
    pub async fn decrement(&self, body: &Value) -> anyhow::Result<Answer> {
        self.post("/api/flights/seats/decrement", body).await
    }

    /// # Errors
    /// As [`Self::send`].
    pub async fn increment(&self, body: &Value) -> anyhow::Result<Answer> {
        self.post("/api/flights/seats/increment", body).await
    }
}

/// booking-service, by count.
impl Caller {
    /// # Errors
    /// As [`Self::send`].
    pub async fn book(&self, body: &Value) -> anyhow::Result<Answer> {
        self.post("/api/bookings", body).await
    }

    /// # Errors
    /// As [`Self::send`].
    pub async fn book_keyed(&self, key: &str, body: &Value) -> anyhow::Result<Answer> {
        self.post_keyed("/api/bookings", key, body).await
    }

    /// # Errors
    /// As [`Self::send`].
    pub async fn look(&self, booking: i64) -> anyhow::Result<Answer> {
        self.get(&format!("/api/bookings/{booking}")).await
    }

    /// # Errors
    /// As [`Self::send`].
    pub async fn cancel(&self, booking: i64) -> anyhow::Result<Answer> {
        let path = format!("/api/bookings/{booking}/cancel");
        self.send(self.request(Method::PUT, &path)).await
    }
}

/// payment-service.
impl Caller {
    /// # Errors
    /// As [`Self::send`].
    pub async fn process(&self, key: &str, body: &Value) -> anyhow::Result<Answer> {
        self.post_keyed("/api/payments/process", key, body).await
    }

    /// # Errors
    /// As [`Self::send`].
    pub async fn close(&self, key: &str) -> anyhow::Result<Answer> {
        self.post("/api/payments/close", &json!({"key": key})).await
    }
}
