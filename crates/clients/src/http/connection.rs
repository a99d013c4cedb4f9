//! Sends requests to one service: with timeouts, retries where they are safe, and a circuit breaker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response, StatusCode, Url};

use super::answer::unexpected;
use super::breaker::Breaker;
use super::retry::{RetryBudget, retry_after};
use super::{CallContext, CallError, Credentials, REQUEST_TIMEOUT_HEADER, Request};

/// Short, because services are near each other.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Idle connections kept per service: more than a replica's concurrent requests.
const IDLE_CONNECTIONS: usize = 512;

/// A timeout counts as the service's failure only after this long: the caller's deadline may leave less time
/// than a healthy service needs.
const COUNTED_SILENCE: Duration = Duration::from_secs(1);

/// One service's URL, connections, circuit breaker and retry budget. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Connection(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    service: &'static str,
    client: reqwest::Client,
    base: Url,
    timeout: Duration,
    credentials: Credentials,
    budget: RetryBudget,
    breaker: Breaker,
}

/// A failed attempt.
struct Failure {
    error: CallError,
    /// The least pause before a retry; `None`: a retry is pointless or unsafe.
    again_after: Option<Duration>,
    is_services_fault: bool,
}

impl Connection {
    /// `timeout` bounds each attempt of a call.
    pub(crate) fn new(
        service: &'static str,
        base: &Url,
        timeout: Duration,
        credentials: Credentials,
    ) -> Result<Self, reqwest::Error> {
        let client = http_client(base)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build()?;
        Ok(Self(Arc::new(Shared {
            service,
            client,
            base: base.clone(),
            timeout,
            credentials,
            budget: RetryBudget::new(),
            breaker: Breaker::new(service),
        })))
    }

    /// Sends a request; 5xx answers are errors.
    ///
    /// A repeatable request is sent up to three times if it was certainly not received, its connection broke,
    /// or the service asks for it; never after a timeout.
    pub(crate) async fn send(
        &self,
        request: Request,
        context: &CallContext,
    ) -> Result<Response, CallError> {
        let shared = &*self.0;
        shared.budget.count_call();
        let mut retries = 0;
        // The error of an earlier attempt that may have acted: then the call may have, whatever later
        // attempts said.
        let mut possibly_acted = None;
        loop {
            let Failure {
                error, again_after, ..
            } = match shared.attempt(&request, context).await {
                Ok(response) => return Ok(response),
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

impl Shared {
    async fn attempt(&self, request: &Request, context: &CallContext) -> Result<Response, Failure> {
        let not_sent = |error| Failure {
            error,
            again_after: None,
            is_services_fault: false,
        };
        let timeout = context
            .time_left()
            .map_or(self.timeout, |left| left.min(self.timeout));
        if timeout.is_zero() {
            return Err(not_sent(CallError::DeadlinePassed));
        }
        if !self.breaker.admits() {
            return Err(not_sent(CallError::CircuitOpen));
        }
        let call = self
            .call(request, context)
            .timeout(timeout)
            .header(REQUEST_TIMEOUT_HEADER, timeout.as_millis().to_string());
        let started = Instant::now();
        let mut answered = classify(call.send().await).await;
        if let Err(failure) = &mut answered
            && matches!(&failure.error, CallError::NoAnswer(error) if is_timeout(error.as_ref()))
        {
            failure.is_services_fault = started.elapsed() >= self.timeout.min(COUNTED_SILENCE);
        }
        self.record(answered)
    }

    fn call(&self, request: &Request, context: &CallContext) -> RequestBuilder {
        let mut call = request.build(&self.client, &self.base);
        if !context.request_id.is_empty() {
            call = call.header("x-request-id", &context.request_id);
        }
        if let Some(trace) = &context.traceparent {
            call = call.header("traceparent", trace);
        }
        self.credentials.show(call)
    }

    fn record(&self, answered: Result<Response, Failure>) -> Result<Response, Failure> {
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

/// Classifies the result of an attempt.
async fn classify(answered: Result<Response, reqwest::Error>) -> Result<Response, Failure> {
    let response = match answered {
        Ok(response) => response,
        Err(error) if error.is_builder() => {
            return Err(Failure {
                error: CallError::Unreachable(error),
                again_after: None,
                is_services_fault: false,
            });
        }
        Err(error) if error.is_connect() => {
            return Err(Failure {
                error: CallError::Unreachable(error),
                again_after: Some(Duration::ZERO),
                is_services_fault: true,
            });
        }
        Err(error) => {
            // After a timeout the caller does not wait as long again.
            let again_after = (!error.is_timeout()).then_some(Duration::ZERO);
            return Err(Failure {
                error: CallError::NoAnswer(error.into()),
                again_after,
                is_services_fault: true,
            });
        }
    };
    match response.status() {
        StatusCode::SERVICE_UNAVAILABLE => {
            let again_after = retry_after(&response);
            // A connection is reusable only once its answer is read to the end.
            response.bytes().await.ok();
            Err(Failure {
                error: CallError::Unavailable(StatusCode::SERVICE_UNAVAILABLE),
                again_after,
                is_services_fault: true,
            })
        }
        // A fault of the keys, not a refusal of the request: with valid keys it may be granted.
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            response.bytes().await.ok();
            Err(Failure {
                error: CallError::Unauthorized(status),
                again_after: None,
                is_services_fault: false,
            })
        }
        // The service is healthy and rate-limits us.
        StatusCode::TOO_MANY_REQUESTS => Err(Failure {
            error: CallError::Unavailable(StatusCode::TOO_MANY_REQUESTS),
            again_after: None,
            is_services_fault: false,
        }),
        status if status.is_server_error() => Err(Failure {
            error: unexpected(response).await,
            again_after: None,
            is_services_fault: true,
        }),
        _ => Ok(response),
    }
}

fn is_timeout(error: &(dyn std::error::Error + 'static)) -> bool {
    error
        .downcast_ref::<reqwest::Error>()
        .is_some_and(reqwest::Error::is_timeout)
}
