//! The client of payment-service.

use std::time::Duration;

use domain::{Amount, PaymentId, RefusalCode};
use payment_api::{Charge, ChargeRequest, CloseRequest, ClosedKey, Refund, RefundRequest};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode, Url};

use crate::http::{CallContext, CallError, Connection, Credentials, Request, answer, read};

/// Calls payment-service. Clones share the connections.
#[derive(Clone, Debug)]
pub struct PaymentClient {
    connection: Connection,
}

impl PaymentClient {
    /// A client for the service at this URL. After `timeout` without an answer the outcome is unknown.
    ///
    /// # Errors
    /// The HTTP client can't be built.
    pub fn new(base: &Url, timeout: Duration) -> Result<Self, reqwest::Error> {
        Self::with_credentials(base, timeout, Credentials::none())
    }

    /// The same with bearer tokens.
    ///
    /// # Errors
    /// The HTTP client can't be built.
    pub fn with_credentials(
        base: &Url,
        timeout: Duration,
        credentials: Credentials,
    ) -> Result<Self, reqwest::Error> {
        let connection = Connection::new("payment-service", base, timeout, credentials)?;
        Ok(Self { connection })
    }

    /// Charges, once per key.
    ///
    /// A charge that was declined or timed out at the provider (see its status) has taken nothing, for good.
    ///
    /// # Errors
    /// [`CallError::Refused`] (`key_closed`, `idempotency_key_reused`, a malformed request): nothing was
    /// charged, and with this request never will be. Otherwise the outcome is unknown, unless
    /// [`CallError::never_sent`]: repeat with the same key, or close it. Timeouts are not retried here.
    pub async fn charge(
        &self,
        key: &str,
        request: &ChargeRequest,
        context: &CallContext,
    ) -> Result<Charge, CallError> {
        let request = Request::idempotent(Method::POST, &["api", "payments", "process"])
            .idempotency_key(key)
            .json(request)?;
        let response = self.connection.send(request, context).await?;
        match response.status() {
            StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT if !is_problem(&response) => {
                read(response).await
            }
            _ => answer(response).await,
        }
    }

    /// Closes a key: afterwards it is settled whether the key made a charge. Idempotent.
    ///
    /// # Errors
    /// The key may be closed or not. [`CallError::InProgress`]: its charge was still running when the service
    /// stopped waiting.
    pub async fn close(&self, key: &str, context: &CallContext) -> Result<ClosedKey, CallError> {
        let body = CloseRequest {
            key: key.to_owned(),
        };
        let request =
            Request::idempotent(Method::POST, &["api", "payments", "close"]).json(&body)?;
        answer(self.connection.send(request, context).await?).await
    }

    /// `None`: the key made no charge so far.
    pub async fn charge_of(
        &self,
        key: &str,
        context: &CallContext,
    ) -> Result<Option<Charge>, CallError> {
        let request = Request::idempotent(Method::GET, &["api", "payments"]).query("key", key);
        let response = self.connection.send(request, context).await?;
        match answer(response).await {
            Ok(charge) => Ok(Some(charge)),
            Err(CallError::Refused(refusal)) if refusal.code == RefusalCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Refunds, once per key.
    ///
    /// # Errors
    /// Outcome unknown: repeat with the same key. [`CallError::Refused`]: the charge was not captured, or
    /// less is left of it.
    pub async fn refund(
        &self,
        key: &str,
        payment: PaymentId,
        amount: Amount,
        context: &CallContext,
    ) -> Result<Refund, CallError> {
        let payment = payment.to_string();
        let request = Request::idempotent(Method::POST, &["api", "payments", &payment, "refunds"])
            .idempotency_key(key)
            .json(&RefundRequest { amount })?;
        answer(self.connection.send(request, context).await?).await
    }
}

/// A problem, as opposed to a charge with a 4xx status.
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
