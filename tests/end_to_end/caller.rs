//! A caller with the calls of bookings by count.

use std::ops::Deref;

use reqwest::Method;
use serde_json::Value;
use test_stack::caller::Refusals;
pub use test_stack::caller::{Answer, SOON};

/// A caller of one service.
#[derive(Clone)]
pub struct Caller(test_stack::caller::Caller);

impl Deref for Caller {
    type Target = test_stack::caller::Caller;

    fn deref(&self) -> &test_stack::caller::Caller {
        &self.0
    }
}

impl Caller {
    pub fn new(port: u16) -> anyhow::Result<Self> {
        let base = format!("http://127.0.0.1:{port}");
        Ok(Self(test_stack::caller::Caller::new(
            base,
            Refusals::PlainToo,
        )?))
    }

    /// A copy with this token.
    pub fn bearing(&self, token: &str) -> Self {
        Self(self.0.bearing(token))
    }

    pub async fn book(&self, body: &Value) -> anyhow::Result<Answer> {
        self.post("/api/bookings", body).await
    }

    pub async fn book_keyed(&self, key: &str, body: &Value) -> anyhow::Result<Answer> {
        self.post_keyed("/api/bookings", key, body).await
    }

    pub async fn look(&self, booking: i64) -> anyhow::Result<Answer> {
        self.get(&format!("/api/bookings/{booking}")).await
    }

    pub async fn cancel(&self, booking: i64) -> anyhow::Result<Answer> {
        let path = format!("/api/bookings/{booking}/cancel");
        self.send(self.request(Method::PUT, &path)).await
    }
}
