//! A request in parts, so that it can be sent more than once.

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};
use serde::Serialize;
use serde_json::value::RawValue;

use super::CallError;

#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    key: Option<String>,
    /// The call as a member of a batch, if it may go with others.
    pub(super) batched: Option<Box<RawValue>>,
    /// Idempotent: sending it twice has no further effect.
    pub(super) repeatable: bool,
}

impl Request {
    /// An idempotent request: it reads, or an id or key makes it act once.
    pub(crate) fn idempotent(method: Method, path: &[&str]) -> Self {
        Self {
            method,
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            query: Vec::new(),
            body: None,
            key: None,
            batched: None,
            repeatable: true,
        }
    }

    /// A request that may act or answer differently if it arrives twice; never retried.
    pub(crate) fn non_idempotent(method: Method, path: &[&str]) -> Self {
        Self {
            repeatable: false,
            ..Self::idempotent(method, path)
        }
    }

    pub(crate) fn query(mut self, name: &'static str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }

    /// Makes the service act once.
    pub(crate) fn idempotency_key(self, key: &str) -> Self {
        let key = Some(key.to_owned());
        Self { key, ..self }
    }

    pub(crate) fn json(self, body: &impl Serialize) -> Result<Self, CallError> {
        let body = serde_json::to_vec(body).map_err(CallError::Malformed)?;
        let body = Some(body);
        Ok(Self { body, ..self })
    }

    /// Lets the call go with others; this is its form in a batch.
    pub(crate) fn batched(self, call: &impl Serialize) -> Result<Self, CallError> {
        let call = serde_json::value::to_raw_value(call).map_err(CallError::Malformed)?;
        let batched = Some(call);
        Ok(Self { batched, ..self })
    }

    /// Builds one attempt. The base URL may have a path.
    pub(super) fn build(&self, client: &reqwest::Client, base: &Url) -> RequestBuilder {
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&self.path);
        }
        for (name, value) in &self.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut request = client.request(self.method.clone(), url);
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = &self.body {
            request = request
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(body.clone());
        }
        request
    }
}
