//! Where the three services are, and asking them.

use std::sync::Arc;

use serde_json::Value;

use crate::flow::any;
use loadgen::http::{Answer, Connection, ConnectionError, Method, Request, Target};

/// One of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// flight-service.
    Flight,
    /// booking-service.
    Booking,
    /// payment-service.
    Payment,
}

/// Where the three services are.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// flight-service.
    pub flight: Target,
    /// booking-service.
    pub booking: Target,
    /// payment-service.
    pub payment: Target,
    /// What is shown to services that ask who calls: each caller has any of them.
    pub tokens: Arc<[Arc<str>]>,
}

impl Endpoints {
    /// Where one of them is.
    #[must_use]
    pub fn target(&self, endpoint: Endpoint) -> Target {
        match endpoint {
            Endpoint::Flight => self.flight,
            Endpoint::Booking => self.booking,
            Endpoint::Payment => self.payment,
        }
    }
}

/// A customer's connections: opened when they are first used, one request at a time each.
#[derive(Debug)]
pub struct Caller {
    endpoints: Endpoints,
    token: Option<Arc<str>>,
    flight: Option<Connection>,
    booking: Option<Connection>,
    payment: Option<Connection>,
}

/// A status, and a body if it is JSON.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body; null where it is not JSON.
    pub body: Value,
}

impl Reply {
    /// A text of the body; empty where there is none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }
}

impl Caller {
    /// One that has no connection yet.
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

    /// Sends a request to a service.
    ///
    /// # Errors
    /// When there is no answer: nobody knows what the service did.
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

    /// The same, with the answer as it is read.
    ///
    /// # Errors
    /// When there is no answer: nobody knows what the service did.
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

    /// Looks something up.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(
        &mut self,
        endpoint: Endpoint,
        path: String,
    ) -> Result<Reply, ConnectionError> {
        self.ask(endpoint, &Request::get(path)).await
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// When there is no answer: nobody knows what the service did.
    pub async fn post(
        &mut self,
        endpoint: Endpoint,
        path: impl Into<std::borrow::Cow<'static, str>>,
        body: &Value,
    ) -> Result<Reply, ConnectionError> {
        self.ask(endpoint, &Request::post_json(path, body.to_string()))
            .await
    }

    /// Puts JSON.
    ///
    /// # Errors
    /// When there is no answer: nobody knows what the service did.
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
