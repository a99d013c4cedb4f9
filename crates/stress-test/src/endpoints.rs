//! Addresses of the three services, and HTTP calls to them.

use std::sync::Arc;

use serde_json::Value;

use crate::random::any;
use loadgen::http::{Answer, Connection, ConnectionError, Method, Request, Target};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Flight,
    Booking,
    Payment,
}

#[derive(Clone, Debug)]
pub struct Endpoints {
    pub flight: Target,
    pub booking: Target,
    pub payment: Target,
    /// Bearer tokens for services that authenticate callers: each caller picks one.
    pub tokens: Arc<[Arc<str>]>,
}

impl Endpoints {
    #[must_use]
    pub fn target(&self, endpoint: Endpoint) -> Target {
        match endpoint {
            Endpoint::Flight => self.flight,
            Endpoint::Booking => self.booking,
            Endpoint::Payment => self.payment,
        }
    }
}

/// A customer's connections, opened on first use, each with one request at a time.
#[derive(Debug)]
pub struct Caller {
    endpoints: Endpoints,
    token: Option<Arc<str>>,
    flight: Option<Connection>,
    booking: Option<Connection>,
    payment: Option<Connection>,
}

/// An answer's status and JSON body.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// Null if the body is not JSON.
    pub body: Value,
}

impl Reply {
    /// A string of the body; empty if there is none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }
}

impl Caller {
    #[must_use]
    pub fn new(endpoints: &Endpoints) -> Self {
        Self {
            endpoints: endpoints.clone(),
            token: any(&endpoints.tokens).cloned(),
            flight: None,
            booking: None,
            payment: None,
        }
    }

    /// # Errors
    /// Without an answer the outcome is unknown.
    pub async fn send(
        &mut self,
        endpoint: Endpoint,
        request: &Request,
    ) -> Result<Answer<'_>, ConnectionError> {
        let target = self.endpoints.target(endpoint);
        let place = match endpoint {
            Endpoint::Flight => &mut self.flight,
            Endpoint::Booking => &mut self.booking,
            Endpoint::Payment => &mut self.payment,
        };
        let connection = match place {
            Some(connection) => connection,
            None => {
                let connection = Connection::open(target).await?;
                place.insert(connection.bearing(self.token.clone()))
            }
        };
        connection.send(request).await
    }

    /// As [`Self::send`], with the body parsed.
    pub async fn ask(
        &mut self,
        endpoint: Endpoint,
        request: &Request,
    ) -> Result<Reply, ConnectionError> {
        let answer = self.send(endpoint, request).await?;
        Ok(Reply {
            status: answer.status,
            body: serde_json::from_slice(answer.body).unwrap_or_default(),
        })
    }

    pub async fn get(
        &mut self,
        endpoint: Endpoint,
        path: String,
    ) -> Result<Reply, ConnectionError> {
        self.ask(endpoint, &Request::get(path)).await
    }

    pub async fn post(
        &mut self,
        endpoint: Endpoint,
        path: impl Into<std::borrow::Cow<'static, str>>,
        body: &Value,
    ) -> Result<Reply, ConnectionError> {
        self.ask(endpoint, &Request::post_json(path, body.to_string()))
            .await
    }

    pub async fn put(
        &mut self,
        endpoint: Endpoint,
        path: &'static str,
        body: &Value,
    ) -> Result<Reply, ConnectionError> {
        let request = Request {
            method: Method::Put,
            ..Request::post_json(path, body.to_string())
        };
        self.ask(endpoint, &request).await
    }
}
