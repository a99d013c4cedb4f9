//! The client of payment-service.

use std::time::Duration;

use domain::{Amount, PaymentId, RefusalCode};
use payment_api::{
    Charge, ChargeRequest, CloseRequest, ClosedKey, KeyedCharge, Refund, RefundRequest,
};
use reqwest::{Method, StatusCode, Url};

use crate::http::{CallContext, CallError, Connection, Credentials, Request};

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
    ///
    /// # Panics
    /// Outside a Tokio runtime. Batches are sent on this one, so call this where the service is built.
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
        let connection = Connection::new(
            "payment-service",
            base,
            timeout,
            credentials,
            "api/payments/process/batch",
        )?;
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
            .json(request)?
            .batched(&KeyedCharge {
                key: key.to_owned(),
                charge: request.clone(),
            })?;
        let answer = self.connection.send(request, context).await?;
        match answer.status {
            // A charge that was declined or timed out, not a problem.
            StatusCode::BAD_REQUEST | StatusCode::REQUEST_TIMEOUT if !answer.is_problem => {
                answer.json()
            }
            _ => answer.success(),
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
        self.connection.send(request, context).await?.success()
    }

    /// `None`: the key made no charge so far.
    pub async fn charge_of(
        &self,
        key: &str,
        context: &CallContext,
    ) -> Result<Option<Charge>, CallError> {
        let request = Request::idempotent(Method::GET, &["api", "payments"]).query("key", key);
        let answer = self.connection.send(request, context).await?;
        match answer.success() {
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
        self.connection.send(request, context).await?.success()
    }
}
