//! Where the three services are, and asking them.

use std::sync::Arc;

use serde_json::Value;

use super::errand::any;
use crate::http::{Answer, Connection, ConnectionError, Method, Request, Target};

/// One of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// flight-service.
    Flight,
    /// booking-service.
    Booking,
    /// payment-service.
    Payment,
}

/// Where the three services are.
#[derive(Clone, Debug)]
pub struct Doors {
    /// flight-service.
    pub flight: Target,
    /// booking-service.
    pub booking: Target,
    /// payment-service.
    pub payment: Target,
    /// What is shown to services that ask who calls: each caller has any of them.
    pub tokens: Arc<[Arc<str>]>,
}

impl Doors {
    /// Where one of them is.
    #[must_use]
    pub fn target(&self, door: Door) -> Target {
        match door {
            Door::Flight => self.flight,
            Door::Booking => self.booking,
            Door::Payment => self.payment,
        }
    }
}

/// A customer's connections: opened when they are first used, one request at a time each.
#[derive(Debug)]
pub struct Caller {
    doors: Doors,
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
    pub fn new(doors: &Doors) -> Self {
        Self {
            doors: doors.clone(),
            token: any(&doors.tokens).cloned(),
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
        door: Door,
        request: &Request,
    ) -> Result<Answer<'_>, ConnectionError> {
        let target = self.doors.target(door);
        let place = match door {
            Door::Flight => &mut self.flight,
            Door::Booking => &mut self.booking,
            Door::Payment => &mut self.payment,
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
    pub async fn ask(&mut self, door: Door, request: &Request) -> Result<Reply, ConnectionError> {
        let answer = self.send(door, request).await?;
        Ok(Reply {
            status: answer.status,
            body: serde_json::from_slice(answer.body).unwrap_or_default(),
        })
    }

    /// Looks something up.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&mut self, door: Door, path: String) -> Result<Reply, ConnectionError> {
        self.ask(door, &Request::get(path)).await
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// When there is no answer: nobody knows what the service did.
    pub async fn post(
        &mut self,
        door: Door,
        path: impl Into<std::borrow::Cow<'static, str>>,
        body: &Value,
    ) -> Result<Reply, ConnectionError> {
        self.ask(door, &Request::post_json(path, body.to_string()))
            .await
    }

    /// Puts JSON.
    ///
    /// # Errors
    /// When there is no answer: nobody knows what the service did.
    pub async fn put(
        &mut self,
        door: Door,
        path: &'static str,
        body: &Value,
    ) -> Result<Reply, ConnectionError> {
        let request = Request {
            method: Method::Put,
            ..Request::post_json(path, body.to_string())
        };
        self.ask(door, &request).await
    }
}
