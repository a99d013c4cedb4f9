//! An HTTP caller of running services. Whatever is asked, it checks what holds for every answer: see [`Answer`].

mod answer;
mod call;
mod calls;

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

pub use answer::{Answer, Refusals};
pub use call::Call;

/// Longer than anything in a test takes, on a busy machine too.
pub const SOON: Duration = Duration::from_secs(30);

/// A caller of one service.
#[derive(Clone)]
pub struct Caller {
    http: Client,
    base: String,
    refusals: Refusals,
    /// Bearer token, for services that authenticate callers.
    token: Option<String>,
}

impl Caller {
    /// A caller of the service at this URL, such as `http://127.0.0.1:8080`.
    pub fn new(base: impl Into<String>, refusals: Refusals) -> anyhow::Result<Self> {
        Ok(Self {
            http: Client::builder().timeout(SOON).build()?,
            base: base.into(),
            refusals,
            token: None,
        })
    }

    /// A caller of the service at this port of the machine, whichever of the three it is.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn local(port: u16) -> anyhow::Result<Self> {
        Self::new(format!("http://127.0.0.1:{port}"), Refusals::PlainToo)
    }

    /// The same with this token.
    #[must_use]
    pub fn bearing(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The whole address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A request to be completed and sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// # Errors
    /// When there is no answer, or one that breaks the contract.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let (http, request) = request.build_split();
        let request = request?;
        let is_head = *request.method() == Method::HEAD;
        let answer = Answer::of(http.execute(request).await?).await?;
        self.check(&answer, is_head)?;
        Ok(answer)
    }

    /// Sends a request to a service that may be killed at any moment; `None` when there was no answer, or not all of
    /// one.
    ///
    /// # Errors
    /// When there is an answer that no answer may be.
    pub async fn try_send(&self, request: RequestBuilder) -> anyhow::Result<Option<Answer>> {
        let Ok(response) = request.send().await else {
            return Ok(None);
        };
        let Ok(answer) = Answer::of(response).await else {
            return Ok(None);
        };
        self.check(&answer, false)?;
        Ok(Some(answer))
    }

    fn check(&self, answer: &Answer, is_head: bool) -> anyhow::Result<()> {
        answer.check_head()?;
        if is_head {
            return Ok(());
        }
        answer.check_body(self.refusals)
    }

    /// A GET.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A POST with this body as it is.
    pub async fn post_text(&self, path: &str, body: impl Into<String>) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path);
        let request = request.header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.into())).await
    }

    /// A POST with this idempotency key.
    pub async fn post_keyed(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self.request(Method::POST, path);
        self.send(request.header("idempotency-key", key).json(body))
            .await
    }

    /// A batched call's answers, in the order of its members.
    ///
    /// # Errors
    /// When the batch is refused, or a member has no answer.
    pub async fn batch(&self, path: &str, members: &[Value]) -> anyhow::Result<Vec<Value>> {
        let request = self.request(Method::POST, path);
        let request = request.json(&serde_json::json!({"members": members}));
        let response = request.send().await?.error_for_status()?;
        let text = response.text().await?;
        let mut answers = vec![Value::Null; members.len()];
        for line in text.lines() {
            let answer: Value = serde_json::from_str(line)?;
            let member = answer["member"].as_u64().context("no member")?;
            let place = answers.get_mut(usize::try_from(member)?);
            *place.context("an unknown member")? = answer;
        }
        ensure!(!answers.contains(&Value::Null), "{text}");
        Ok(answers)
    }

    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Creates a resource by a POST, and returns its id, in JSON:API too.
    pub async fn make(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let made = self.post(path, body).await?;
        ensure!(made.status == 201, "{}", made.text);
        made.id().with_context(|| format!("no id: {}", made.text))
    }
}
