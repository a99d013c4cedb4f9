//! A caller who also checks what holds for every answer.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

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

    /// `status code pointer` of the first error of a refusal in JSON:API.
    pub fn refusal(&self) -> String {
        let error = &self.body["errors"][0];
        let code = error["code"].as_str().unwrap_or("-");
        let pointer = error["source"]["pointer"].as_str().unwrap_or("-");
        format!("{} {code} {pointer}", self.status)
    }

    /// The body without what differs from run to run, wherever it is.
    pub fn tidy(&self) -> Value {
        let mut body = self.body.clone();
        tidy(&mut body);
        body
    }

    /// What holds for every answer: JSON ends with a newline, and every error is a problem that
    /// names its request.
    fn check(self) -> anyhow::Result<Self> {
        let media_type = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if media_type.contains("json") && !self.text.is_empty() {
            ensure!(self.text.ends_with('\n'), "no newline at the end: {self:?}");
        }
        let id = self.header("x-request-id").context("no X-Request-Id")?;
        if self.status >= 400 && !self.text.is_empty() {
            ensure!(self.status != 500, "a bug: {self:?}");
            if media_type.starts_with("text/html") {
                ensure!(self.text.contains(id), "another request: {self:?}");
                return Ok(self);
            }
            if media_type == "application/vnd.api+json" {
                return self.check_json_api();
            }
            ensure!(media_type == "application/problem+json", "{self:?}");
            let body = &self.body;
            ensure!(body["status"] == self.status, "another status: {self:?}");
            ensure!(body["request_id"] == id, "another request: {self:?}");
            for field in ["type", "title", "detail", "instance", "code"] {
                ensure!(body[field].is_string(), "{field} is missing: {self:?}");
            }
            ensure!(body["retryable"].is_boolean(), "no retryable: {self:?}");
        }
        Ok(self)
    }

    /// What holds for every refusal in JSON:API.
    fn check_json_api(self) -> anyhow::Result<Self> {
        let errors = self.body["errors"].as_array().context("no errors")?;
        ensure!(!errors.is_empty(), "no error: {self:?}");
        for error in errors {
            let status = error["status"].as_str().map(str::parse::<u16>);
            ensure!(status == Some(Ok(self.status)), "{self:?}");
            for field in ["code", "title", "detail"] {
                ensure!(error[field].is_string(), "{field} is missing: {self:?}");
            }
        }
        Ok(self)
    }
}

fn tidy(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(tidy),
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "created_at" | "updated_at" => *value = json!("[time]"),
                    "request_id" | "id" | "event_id" => *value = json!("[id]"),
                    _ => tidy(value),
                }
            }
        }
        _ => {}
    }
}

/// A caller of a running service.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    base: String,
}

impl Caller {
    pub fn new(base: String) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(SOON).build()?;
        Ok(Self { http, base })
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
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

    /// A POST whose body is taken as it is.
    pub async fn post_text(&self, path: &str, body: impl Into<String>) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path);
        let request = request.header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.into())).await
    }

    pub async fn post_keyed(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path);
        self.send(request.header("idempotency-key", key).json(body))
            .await
    }

    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Makes something, and its id.
    pub async fn make(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let made = self.post(path, body).await?;
        ensure!(made.status == 201, "{}", made.text);
        let id = made.body["id"]
            .as_str()
            .or(made.body["data"]["id"].as_str());
        Ok(id.context("no id")?.to_owned())
    }
}
