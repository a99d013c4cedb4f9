//! A request, kept in parts so that it can be sent more than once.

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};
use serde::Serialize;

use super::CallError;

/// The header that makes a request act once.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request to a service.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: Method,
    path: Vec<String>,
    query: Option<(&'static str, String)>,
    key: Option<String>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// A request that does no more if it arrives twice: it reads, or an id or a key makes it act once.
    pub(crate) fn repeatable(method: Method, path: &[&str]) -> Self {
        Self {
            method,
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            query: None,
            key: None,
            body: None,
        }
    }

    /// With this parameter.
    pub(crate) fn query(self, name: &'static str, value: &str) -> Self {
        let query = Some((name, value.to_owned()));
        Self { query, ..self }
    }

    /// With this key.
    pub(crate) fn idempotency_key(self, key: &str) -> Self {
        let key = Some(key.to_owned());
        Self { key, ..self }
    }

    /// With this body.
    pub(crate) fn json(self, body: &impl Serialize) -> Result<Self, CallError> {
        let body = serde_json::to_vec(body).map_err(CallError::Malformed)?;
        let body = Some(body);
        Ok(Self { body, ..self })
    }

    /// The request, ready for one attempt. The base may itself have a path.
    pub(super) fn build(&self, client: &reqwest::Client, base: &Url) -> RequestBuilder {
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&self.path);
        }
        if let Some((name, value)) = &self.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut request = client.request(self.method.clone(), url);
        if let Some(key) = &self.key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        if let Some(body) = &self.body {
            request = request
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(body.clone());
        }
        request
    }
}
