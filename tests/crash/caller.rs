//! A client of booking-service, which may be down at any moment.

use std::time::Duration;

use anyhow::ensure;
use reqwest::{Client, Method};
use serde_json::Value;
use test_stack::wait_for;

/// Timeout for everything to reach its end once nothing is killed any more.
pub const PEACE_WITHIN: Duration = Duration::from_secs(30);

/// How long a customer retries: services restart within seconds, and an abandoned booking is claimed again
/// within a lease and a poll interval.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Longer than the service's own request timeout.
const REQUEST_WITHIN: Duration = Duration::from_secs(25);

#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: String,
    body: Option<Value>,
    key: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
}

impl Call {
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::new(Method::POST, path)
        }
    }

    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            key: None,
        }
    }

    pub fn keyed(self, key: String) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }
}

#[derive(Clone)]
pub struct Caller {
    http: Client,
    base: String,
}

impl Caller {
    pub fn new(port: u16) -> anyhow::Result<Self> {
        Ok(Self {
            http: Client::builder().timeout(REQUEST_WITHIN).build()?,
            base: format!("http://127.0.0.1:{port}"),
        })
    }

    /// Calls once; `None` if the outcome is unknown: no answer, or one that asks for a retry.
    pub async fn once(&self, call: &Call) -> anyhow::Result<Option<Answer>> {
        let answer = self.whatever(call).await?;
        Ok(answer.filter(|answer| {
            answer.status != 503 && answer.body["code"] != "idempotency_in_progress"
        }))
    }

    /// Calls once; `None` without an answer.
    pub async fn whatever(&self, call: &Call) -> anyhow::Result<Option<Answer>> {
        let url = format!("{}{}", self.base, call.path);
        let mut request = self.http.request(call.method.clone(), url);
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(key) = &call.key {
            request = request.header("idempotency-key", key);
        }
        let Ok(response) = request.send().await else {
            return Ok(None);
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        // A killed service may have sent only the head.
        let Ok(text) = response.text().await else {
            return Ok(None);
        };
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        ensure!(status != 500, "a bug: {call:?} answered {text}");
        Ok(Some(Answer {
            status,
            body,
            retry_after,
        }))
    }

    /// Retries until there is an answer: for idempotent calls.
    pub async fn insist(&self, call: &Call) -> anyhow::Result<Answer> {
        let mut bug = None;
        let answer = wait_for("a call is answered", PATIENCE, async || {
            match self.once(call).await {
                Ok(Some(answer)) => Ok(Some(answer)),
                Ok(None) => Err(format!("{call:?}")),
                Err(error) => {
                    bug = Some(error);
                    Ok(None)
                }
            }
        })
        .await?;
        match (answer, bug) {
            (Some(answer), _) => Ok(answer),
            (None, Some(bug)) => Err(bug),
            (None, None) => anyhow::bail!("no answer"),
        }
    }
}
