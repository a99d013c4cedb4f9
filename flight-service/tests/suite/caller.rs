//! A caller with flight-service's endpoints.

use std::ops::Deref;

use anyhow::Context as _;
use serde_json::Value;
use test_stack::caller::Refusals;
pub use test_stack::caller::{Answer, SOON};

#[derive(Clone)]
pub struct Caller(test_stack::caller::Caller);

impl Deref for Caller {
    type Target = test_stack::caller::Caller;

    fn deref(&self) -> &test_stack::caller::Caller {
        &self.0
    }
}

impl Caller {
    pub fn new(base: String) -> anyhow::Result<Self> {
        Ok(Self(test_stack::caller::Caller::new(
            base,
            Refusals::Problems,
        )?))
    }

    pub async fn decrement(&self, body: &Value) -> anyhow::Result<Answer> {
        self.post("/api/flights/seats/decrement", body).await
    }

    pub async fn increment(&self, body: &Value) -> anyhow::Result<Answer> {
        self.post("/api/flights/seats/increment", body).await
    }

    pub async fn search(&self, query: &str) -> anyhow::Result<Answer> {
        self.get(&format!("/api/flights/search?{query}")).await
    }

    /// Free seats of a flight.
    pub async fn free(&self, flight: i64) -> anyhow::Result<i64> {
        let answer = self.get(&format!("/api/flights/{flight}")).await?;
        answer.body["available_seats"]
            .as_i64()
            .with_context(|| format!("no available_seats: {answer:?}"))
    }
}
