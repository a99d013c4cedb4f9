//! Calls that can be repeated, to services that may be killed at any moment.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::{Answer, Caller};
use crate::wait_for;

/// How long a call is repeated: services start again within seconds, and what nobody works on is taken up within a
/// lease and a pause.
const RETRIED_FOR: Duration = Duration::from_secs(30);

/// What is called for.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: String,
    body: Option<Value>,
    key: Option<String>,
}

impl Call {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            key: None,
        }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::new(Method::POST, path)
        }
    }

    /// The same under this idempotency key.
    #[must_use]
    pub fn keyed(self, key: String) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    fn request(&self, caller: &Caller) -> RequestBuilder {
        let mut request = caller.request(self.method.clone(), &self.path);
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        request
    }
}

impl Caller {
    /// Calls once; `None` when there was no answer.
    ///
    /// # Errors
    /// When there is an answer that no answer may be.
    pub async fn try_call(&self, call: &Call) -> anyhow::Result<Option<Answer>> {
        self.try_send(call.request(self)).await
    }

    /// Calls once; `None` when the outcome is unknown: there was no answer, or one that says to ask again.
    ///
    /// # Errors
    /// As [`Self::try_call`].
    pub async fn call_once(&self, call: &Call) -> anyhow::Result<Option<Answer>> {
        let answer = self.try_call(call).await?;
        let is_final = |answer: &Answer| {
            answer.status != 503 && answer.body["code"] != "idempotency_in_progress"
        };
        Ok(answer.filter(is_final))
    }

    /// Calls until the outcome is known: for what may be repeated.
    ///
    /// # Errors
    /// As [`Self::try_call`], and when there is no such answer for long.
    pub async fn retry(&self, call: &Call) -> anyhow::Result<Answer> {
        let answered = wait_for("a call is answered", RETRIED_FOR, async || {
            // An answer that no answer may be ends it too.
            match self.call_once(call).await.transpose() {
                Some(answer) => Ok(answer),
                None => Err(format!("{call:?}")),
            }
        });
        answered.await?
    }
}
