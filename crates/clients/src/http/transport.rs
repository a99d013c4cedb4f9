//! Requests to one service and their answers: no retries, no circuit breaker.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Response, Url};

use super::answer::Answer;
use super::failure::{Failure, classify};
use super::{CallContext, Credentials, REQUEST_TIMEOUT_HEADER, Request};

/// Short, because services are near each other.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Idle connections kept per service: more than a replica's concurrent requests.
const IDLE_CONNECTIONS: usize = 512;

/// One service's address and connections. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    client: reqwest::Client,
    base: Url,
    credentials: Credentials,
}

impl Transport {
    pub(super) fn new(base: &Url, credentials: Credentials) -> Result<Self, reqwest::Error> {
        let client = http_client(base)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build()?;
        Ok(Self {
            client,
            base: base.clone(),
            credentials,
        })
    }

    /// Sends a request and reads its answer, within this time.
    pub(super) async fn exchange(
        &self,
        request: &Request,
        context: &CallContext,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        let mut call = request.build(&self.client, &self.base);
        if !context.request_id.is_empty() {
            call = call.header("x-request-id", &context.request_id);
        }
        if let Some(trace) = &context.traceparent {
            call = call.header("traceparent", trace);
        }
        let answered = async { Answer::read(self.send(call, timeout).await?).await };
        match answered.await {
            Ok(answer) => classify(answer),
            Err(error) => Err(Failure::of(&Arc::new(error))),
        }
    }

    /// Sends a JSON body to a path. The answer is to be read within this time, too.
    pub(super) async fn post(
        &self,
        path: &str,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Response, reqwest::Error> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path.split('/'));
        }
        let json = HeaderValue::from_static("application/json");
        let call = self.client.post(url).header(CONTENT_TYPE, json).body(body);
        self.send(call, timeout).await
    }

    async fn send(&self, call: RequestBuilder, timeout: Duration) -> reqwest::Result<Response> {
        let milliseconds = timeout.as_millis().to_string();
        let call = self.credentials.show(call).timeout(timeout);
        call.header(REQUEST_TIMEOUT_HEADER, milliseconds)
            .send()
            .await
    }
}

/// The settings that all HTTP clients share.
pub(crate) fn http_client(base: &Url) -> reqwest::ClientBuilder {
    let client = reqwest::Client::builder().tcp_nodelay(true).no_proxy();
    if base.scheme() == "https" {
        client
    } else {
        // Skip loading the system's certificates, which plain HTTP never uses.
        client.tls_certs_only([])
    }
}
