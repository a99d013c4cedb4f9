//! What the clients share.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How long a connection may take to open: services are near each other.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Idle connections kept per service; more than the requests that a replica has under way at once.
const IDLE_CONNECTIONS: usize = 512;

/// The request on whose behalf another service is called: its headers are passed on.
#[derive(Clone, Debug, Default)]
pub struct CallContext {
    /// The id that ties the logs of all services together.
    pub request_id: String,
    /// The W3C trace context, as it came.
    pub traceparent: Option<String>,
}

/// Why a call gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service was not reached: nothing happened there.
    #[error("the service can't be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The request went out, but no complete answer came: it may have acted or not.
    #[error("no answer came")]
    NoAnswer(#[source] reqwest::Error),
    /// The service answers that it can't serve now.
    #[error("the service answers {0}")]
    Unavailable(StatusCode),
    /// The service refuses what its contract says it grants.
    #[error("the service refuses: {}", .0.code)]
    Refused(Refusal),
    /// The service answers what its contract does not have.
    #[error("the service answers {status}, which its contract does not have: {body}")]
    Unexpected {
        /// The status.
        status: StatusCode,
        /// The start of the body.
        body: String,
    },
}

/// A refusal in the shared problem shape.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// The stable code.
    pub code: String,
    /// What went wrong, in words.
    #[serde(default)]
    pub detail: String,
}

/// One service's address and the connections to it.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    client: reqwest::Client,
    base: Url,
}

impl Connection {
    /// A client for the service at this address; `timeout` bounds each call as a whole.
    pub(crate) fn new(base: &Url, timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .tcp_nodelay(true)
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            base: base.clone(),
        })
    }

    /// The address of a path; the base may itself have one.
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    /// A GET of this path.
    pub(crate) fn get(&self, path: &str, context: &CallContext) -> RequestBuilder {
        with_context(self.client.get(self.url(path)), context)
    }

    /// A POST to this path.
    pub(crate) fn post(&self, path: &str, context: &CallContext) -> RequestBuilder {
        with_context(self.client.post(self.url(path)), context)
    }
}

fn with_context(request: RequestBuilder, context: &CallContext) -> RequestBuilder {
    let request = match context.request_id.as_str() {
        "" => request,
        id => request.header("x-request-id", id),
    };
    match &context.traceparent {
        Some(trace) => request.header("traceparent", trace),
        None => request,
    }
}

/// Sends a request; an answer of 500 or above is an error.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response, CallError> {
    let response = request.send().await.map_err(|error| {
        if error.is_connect() || error.is_builder() {
            CallError::Unreachable(error)
        } else {
            CallError::NoAnswer(error)
        }
    })?;
    match response.status() {
        status @ (StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => {
            Err(CallError::Unavailable(status))
        }
        status if status.is_server_error() => Err(unexpected(status, response).await),
        _ => Ok(response),
    }
}

/// Reads an answer's body.
pub(crate) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CallError> {
    let status = response.status();
    let body = response.bytes().await.map_err(CallError::NoAnswer)?;
    serde_json::from_slice(&body).map_err(|error| CallError::Unexpected {
        status,
        body: format!("{error} in {}", start_of(&String::from_utf8_lossy(&body))),
    })
}

/// The error for an answer that the contract does not have.
pub(crate) async fn unexpected(status: StatusCode, response: Response) -> CallError {
    let body = response.text().await.unwrap_or_default();
    CallError::Unexpected {
        status,
        body: start_of(&body),
    }
}

/// Enough of a body to tell what it was.
fn start_of(body: &str) -> String {
    body.chars().take(200).collect()
}
