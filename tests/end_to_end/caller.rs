//! A caller of the services who also checks what holds for every answer.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Longer than anything here takes, on a busy machine too.
pub const SOON: Duration = Duration::from_secs(30);

/// What a call answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    /// `status code`, as most tests need it.
    pub fn summary(&self) -> String {
        let code = self.body["code"].as_str().unwrap_or("-");
        format!("{} {code}", self.status)
    }

    /// `status pointer` of the first invalid field.
    pub fn invalid(&self) -> String {
        let pointer = self.body["errors"][0]["pointer"].as_str().unwrap_or("-");
        format!("{} {pointer}", self.status)
    }

    /// Whether it says that the same request may have an answer later: not now, or still running.
    pub fn is_not_yet(&self) -> bool {
        ["503 unavailable", "409 idempotency_in_progress"].contains(&self.summary().as_str())
    }

    fn check(self) -> anyhow::Result<Self> {
        let media_type = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if media_type.contains("json") {
            ensure!(self.text.ends_with('\n'), "no newline at the end: {self:?}");
        }
        let id = self.header("x-request-id").context("no X-Request-Id")?;
        if media_type == "application/problem+json" {
            let body = &self.body;
            ensure!(body["status"] == self.status, "another status: {self:?}");
            ensure!(body["request_id"] == id, "another request: {self:?}");
        } else if self.status >= 400 {
            // By-count bookings answer their refusals in a style of their own.
            ensure!(self.status == 400, "not a problem: {self:?}");
            ensure!(self.body["code"].is_string(), "no code: {self:?}");
            ensure!(self.body["message"].is_string(), "no message: {self:?}");
        }
        if self.status == 503 {
            ensure!(self.header("retry-after").is_some(), "when? {self:?}");
        }
        ensure!(self.status != 500, "a bug: {self:?}");
        Ok(self)
    }
}

/// A caller of one service.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    base: String,
    /// Whose word the services take for who calls, where they ask.
    token: Option<String>,
}

impl Caller {
    pub fn new(port: u16) -> anyhow::Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder().timeout(SOON).build()?,
            base: format!("http://127.0.0.1:{port}"),
            token: None,
        })
    }

    /// The same with this token.
    pub fn bearing(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer {
            status,
            headers,
            text,
            body,
        };
        answer.check()
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// The answer of a POST to a call whose answers have a form of their own.
    pub async fn post_any(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path).json(body);
        Ok(request.send().await?.json().await?)
    }

    /// A POST whose body is taken as it is.
    pub async fn post_text(&self, path: &str, body: impl Into<String>) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path);
        let request = request.header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.into())).await
    }

    pub async fn book(&self, body: &Value) -> anyhow::Result<Answer> {
        self.post("/api/bookings", body).await
    }

    pub async fn book_keyed(&self, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, "/api/bookings");
        self.send(request.header("idempotency-key", key).json(body))
            .await
    }

    pub async fn look(&self, booking: i64) -> anyhow::Result<Answer> {
        self.get(&format!("/api/bookings/{booking}")).await
    }

    pub async fn cancel(&self, booking: i64) -> anyhow::Result<Answer> {
        let path = format!("/api/bookings/{booking}/cancel");
        self.send(self.request(Method::PUT, &path)).await
    }
}
