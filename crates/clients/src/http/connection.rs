//! Sending requests to one service.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode, Url};

use super::answer::unexpected;
use super::{CallContext, CallError, Request};

/// How long a connection may take to open: services are near each other.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Idle connections kept per service; more than the requests that a replica has under way at once.
const IDLE_CONNECTIONS: usize = 512;

/// One service's address and the connections to it.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    client: reqwest::Client,
    base: Url,
}

impl Connection {
    /// A client for the service at this address; `timeout` bounds each call as a whole.
    pub(crate) fn new(
        _service: &'static str,
        base: &Url,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
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

    /// Sends a request; an answer of 500 or above is an error.
    pub(crate) async fn send(
        &self,
        request: Request,
        context: &CallContext,
    ) -> Result<Response, CallError> {
        let request = with_context(request.build(&self.client, &self.base), context);
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
            status if status.is_server_error() => Err(unexpected(response).await),
            _ => Ok(response),
        }
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
