//! The client of payment-service.

use std::time::Duration;

use domain::{Amount, PaymentId, RefusalCode};
use payment_api::{Charge, ChargeRequest, CloseRequest, ClosedKey, Refund, RefundRequest};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode, Url};

use crate::http::{Answer, CallContext, CallError, Connection, Credentials, Request, answer, read};

/// Calls payment-service. Clones share their connections.
#[derive(Clone, Debug)]
pub struct PaymentClient {
    connection: Connection,
}

impl PaymentClient {
    /// A client for the service at this address. `timeout` is how long an answer may take before its
    /// outcome counts as unknown.
    ///
    /// # Errors
    /// When the HTTP client can't be made.
    pub fn new(base: &Url, timeout: Duration) -> Result<Self, reqwest::Error> {
        Self::with_credentials(base, timeout, Credentials::none())
    }

    /// The same for a service that asks who calls.
    ///
    /// # Errors
    /// When the HTTP client can't be made.
    pub fn with_credentials(
        base: &Url,
        timeout: Duration,
        credentials: Credentials,
    ) -> Result<Self, reqwest::Error> {
        let connection = Connection::new("payment-service", base, timeout, credentials)?;
        Ok(Self { connection })
    }

    /// Charges, once per key however often it is called.
    ///
    /// A charge that was declined or that the provider gave up (its status says so) has taken nothing,
    /// for good. A refusal (`key_closed`, `idempotency_key_reused`, a malformed request) has charged
    /// nothing either, and with this request never will.
    ///
    /// # Errors
    /// When the outcome is not known, unless [`CallError::never_sent`]: ask again with the same key, or
    /// close it. No time that ran out is tried again here.
    pub async fn charge(
        &self,
        key: &str,
        request: &ChargeRequest,
        context: &CallContext,
    ) -> Answer<Charge> {
        let request = Request::repeatable(Method::POST, &["api", "payments", "process"])
            .idempotency_key(key)
            .json(request)?;
        let response = self.connection.send(request, context).await?;
        match response.status() {
            StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT if !is_problem(&response) => {
                read(response).await.map(Ok)
            }
            _ => answer(response).await,
        }
    }

    /// Closes a key: after it, whether the key has made a charge is settled for good. Calling it again
    /// gives the same answer.
    ///
    /// # Errors
    /// When no usable answer comes: the key may be closed or not. [`CallError::InProgress`] when its
    /// charge still ran at the end of the service's wait for it.
    pub async fn close(&self, key: &str, context: &CallContext) -> Result<ClosedKey, CallError> {
        let body = CloseRequest {
            key: key.to_owned(),
        };
        let request =
            Request::repeatable(Method::POST, &["api", "payments", "close"]).json(&body)?;
        let closed = answer(self.connection.send(request, context).await?).await?;
        closed.map_err(CallError::Refused)
    }

    /// The charge that a key made, if there is one.
    ///
    /// # Errors
    /// When no usable answer comes.
    pub async fn charge_of(
        &self,
        key: &str,
        context: &CallContext,
    ) -> Result<Option<Charge>, CallError> {
        let request = Request::repeatable(Method::GET, &["api", "payments"]).query("key", key);
        let response = self.connection.send(request, context).await?;
        match answer(response).await? {
            Ok(charge) => Ok(Some(charge)),
            Err(refusal) if refusal.code == RefusalCode::NotFound => Ok(None),
            Err(refusal) => Err(CallError::Refused(refusal)),
        }
    }

    /// Gives money back, once per key however often it is called.
    ///
    /// # Errors
    /// When the outcome is not known: ask again with the same key. [`CallError::Refused`] when the
    /// charge has taken no money, or less is left of it.
    pub async fn refund(
        &self,
        key: &str,
        payment: PaymentId,
        amount: Amount,
        context: &CallContext,
    ) -> Result<Refund, CallError> {
        let payment = payment.to_string();
        let request = Request::repeatable(Method::POST, &["api", "payments", &payment, "refunds"])
            .idempotency_key(key)
            .json(&RefundRequest { amount })?;
        let refunded = answer(self.connection.send(request, context).await?).await?;
        refunded.map_err(CallError::Refused)
    }
}

/// Whether an answer is a problem, and not a charge that ended badly.
fn is_problem(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|media_type| {
            media_type
                .as_bytes()
                .starts_with(b"application/problem+json")
        })
}
