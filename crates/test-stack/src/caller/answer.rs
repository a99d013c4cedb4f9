//! An HTTP answer, and the contract of every answer.

use anyhow::{Context as _, ensure};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};

/// The forms of a service's refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusals {
    /// Problems (RFC 9457), JSON:API errors and HTML pages.
    Problems,
    /// Also plain JSON with a code and a message, status 400 or 408: by-count bookings and payments.
    PlainToo,
}

/// An HTTP answer.
///
/// Contract: JSON ends with a newline; every answer has its request id; a 503 has `Retry-After`; a 500 is a
/// bug; and a refusal has one of the allowed forms.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The raw body.
    pub text: String,
    /// The parsed body; null unless it is JSON.
    pub body: Value,
}

impl Answer {
    /// Reads a whole response, unchecked.
    pub async fn of(response: Response) -> anyhow::Result<Self> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Self {
            status,
            headers,
            text,
            body,
        })
    }

    /// A header's value, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether it repeats the answer to an earlier request with the same key.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// Whether a retry may get an answer: not available, or still running.
    #[must_use]
    pub fn is_not_yet(&self) -> bool {
        ["503 unavailable", "409 idempotency_in_progress"].contains(&self.summary().as_str())
    }

    /// The id of its resource, in JSON:API too.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        let id = self.body["id"].as_str();
        let id = id.or_else(|| self.body["data"]["id"].as_str());
        id.map(ToOwned::to_owned)
    }

    /// `status code`.
    #[must_use]
    pub fn summary(&self) -> String {
        let code = self.body["code"].as_str().unwrap_or("-");
        format!("{} {code}", self.status)
    }

    /// `status pointer` of the first invalid field.
    #[must_use]
    pub fn invalid(&self) -> String {
        let pointer = self.body["errors"][0]["pointer"].as_str().unwrap_or("-");
        format!("{} {pointer}", self.status)
    }

    /// `status code pointer` of the first JSON:API error.
    #[must_use]
    pub fn refusal(&self) -> String {
        let error = &self.body["errors"][0];
        let code = error["code"].as_str().unwrap_or("-");
        let pointer = error["source"]["pointer"].as_str().unwrap_or("-");
        format!("{} {code} {pointer}", self.status)
    }

    /// The body with run-dependent values replaced at any depth: times, the request's id, and these ids.
    #[must_use]
    pub fn tidy(&self, ids: &[&str]) -> Value {
        let mut body = self.body.clone();
        tidy(&mut body, ids);
        body
    }

    /// # Errors
    /// Names the part of the contract that the head breaks.
    pub fn check_head(&self) -> anyhow::Result<()> {
        self.request_id()?;
        ensure!(self.status != 500, "a bug: {self:?}");
        if self.status == 503 {
            ensure!(self.header("retry-after").is_some(), "when? {self:?}");
        }
        Ok(())
    }

    /// # Errors
    /// Names the part of the contract that the body breaks.
    pub fn check_body(&self, refusals: Refusals) -> anyhow::Result<()> {
        let media_type = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if media_type.contains("json") && !self.text.is_empty() {
            ensure!(self.text.ends_with('\n'), "no newline at the end: {self:?}");
        }
        if self.status < 400 {
            return Ok(());
        }
        let id = self.request_id()?;
        match media_type {
            "application/problem+json" => self.check_problem(id),
            "application/vnd.api+json" => self.check_json_api(),
            "application/json" if refusals == Refusals::PlainToo => self.check_plain(),
            page if page.starts_with("text/html") => {
                ensure!(self.text.contains(id), "another request: {self:?}");
                Ok(())
            }
            _ => anyhow::bail!("refused in another form: {self:?}"),
        }
    }

    fn request_id(&self) -> anyhow::Result<&str> {
        self.header("x-request-id").context("no X-Request-Id")
    }

    fn check_problem(&self, id: &str) -> anyhow::Result<()> {
        let body = &self.body;
        ensure!(body["status"] == self.status, "another status: {self:?}");
        ensure!(body["request_id"] == id, "another request: {self:?}");
        for field in ["type", "title", "detail", "instance", "code"] {
            ensure!(body[field].is_string(), "{field} is missing: {self:?}");
        }
        ensure!(body["retryable"].is_boolean(), "no retryable: {self:?}");
        Ok(())
    }

    fn check_json_api(&self) -> anyhow::Result<()> {
        let errors = self.body["errors"].as_array().context("no errors")?;
        ensure!(!errors.is_empty(), "no error: {self:?}");
        for error in errors {
            let status = error["status"].as_str().map(str::parse::<u16>);
            ensure!(status == Some(Ok(self.status)), "{self:?}");
            for field in ["code", "title", "detail"] {
                ensure!(error[field].is_string(), "{field} is missing: {self:?}");
            }
        }
        Ok(())
    }

    fn check_plain(&self) -> anyhow::Result<()> {
        ensure!(matches!(self.status, 400 | 408), "not a problem: {self:?}");
        ensure!(self.body["code"].is_string(), "no code: {self:?}");
        ensure!(self.body["message"].is_string(), "no message: {self:?}");
        Ok(())
    }
}

fn tidy(value: &mut Value, ids: &[&str]) {
    const TIMES: [&str; 4] = ["created_at", "updated_at", "processed_at", "refunded_at"];
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| tidy(value, ids)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if TIMES.contains(&name.as_str()) {
                    *value = json!("[time]");
                } else if name == "request_id" || ids.contains(&name.as_str()) {
                    *value = json!("[id]");
                } else {
                    tidy(value, ids);
                }
            }
        }
        _ => {}
    }
}
