//! Calls to one service: with timeouts, retries where they are safe, a circuit breaker, and batches where the service has
//! them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Url;

use super::answer::Answer;
use super::batch::Batches;
use super::breaker::Breaker;
use super::failure::Failure;
use super::retry::RetryBudget;
use super::transport::Transport;
use super::{CallContext, CallError, Credentials, Request};

/// A timeout counts as the service's failure only after this long: the caller's deadline may leave less time
/// than a healthy service needs.
const COUNTED_SILENCE: Duration = Duration::from_secs(1);

/// One service's address, connections, circuit breaker and retry budget. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    service: &'static str,
    transport: Transport,
    batches: Batches,
    timeout: Duration,
    budget: RetryBudget,
    breaker: Breaker,
}

impl Connection {
    /// `timeout` bounds each attempt of a call. Calls that have a form for batches are sent to `batch_path` together.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub(crate) fn new(
        service: &'static str,
        base: &Url,
        timeout: Duration,
        credentials: Credentials,
        batch_path: &'static str,
    ) -> Result<Self, reqwest::Error> {
        let transport = Transport::new(base, credentials)?;
        Ok(Self(Arc::new(Shared {
            service,
            batches: Batches::new(service, batch_path, transport.clone()),
            transport,
            timeout,
            budget: RetryBudget::new(),
            breaker: Breaker::new(service),
        })))
    }

    /// Makes a call; 5xx answers are errors.
    ///
    /// A repeatable request is sent up to three times if it was certainly not received, its connection broke,
    /// or the service asks for it; never after a timeout.
    pub(crate) async fn send(
        &self,
        request: Request,
        context: &CallContext,
    ) -> Result<Answer, CallError> {
        let shared = &*self.0;
        shared.budget.count_call();
        let request = Arc::new(request);
        let mut retries = 0;
        // The error of an earlier attempt that may have acted: then the call may have, whatever later
        // attempts said.
        let mut possibly_acted = None;
        loop {
            let Failure {
                error, again_after, ..
            } = match shared.attempt(&request, context).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = again_after
                .filter(|_| request.repeatable)
                .and_then(|after| shared.budget.pause(retries, after, context.deadline));
            let error = match possibly_acted {
                Some(possibly_acted) if error.never_sent() => possibly_acted,
                _ => error,
            };
            let Some(pause) = pause else {
                return Err(error);
            };
            tracing::debug!(service = shared.service, %error, "retrying the call");
            metrics::counter!("client_retries_total", "service" => shared.service).increment(1);
            possibly_acted = Some(error).filter(|error| !error.never_sent());
            retries += 1;
            tokio::time::sleep(pause).await;
        }
    }
}

impl Shared {
    async fn attempt(
        &self,
        request: &Arc<Request>,
        context: &CallContext,
    ) -> Result<Answer, Failure> {
        let timeout = context
            .time_left()
            .map_or(self.timeout, |left| left.min(self.timeout));
        if timeout.is_zero() {
            return Err(Failure::not_sent(CallError::DeadlinePassed));
        }
        if !self.breaker.admits() {
            return Err(Failure::not_sent(CallError::CircuitOpen));
        }
        let started = Instant::now();
        let mut answered = if request.batched.is_some() {
            self.batches.call(request, context, timeout).await
        } else {
            self.transport.exchange(request, context, timeout).await
        };
        if let Err(failure) = &mut answered
            && failure.is_timeout
        {
            failure.is_services_fault = started.elapsed() >= self.timeout.min(COUNTED_SILENCE);
        }
        match &answered {
            Ok(_) => self.breaker.succeeded(),
            Err(failure) if failure.is_services_fault => self.breaker.failed(),
            // Tells nothing about the service.
            Err(_) => {}
        }
        self.breaker.publish(self.service);
        answered
    }
}
