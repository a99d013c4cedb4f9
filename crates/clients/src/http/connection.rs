//! Sending requests to one service: within their time, again where that is safe, and not at all while
//! the service keeps failing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response, StatusCode, Url};

use super::answer::unexpected;
use super::breaker::Breaker;
use super::retry::{RetryBudget, retry_after};
use super::{CallContext, CallError, Credentials, REQUEST_TIMEOUT_HEADER, Request};

/// How long a connection may take to open: services are near each other.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Idle connections kept per service; more than the requests that a replica has under way at once.
const IDLE_CONNECTIONS: usize = 512;

/// How long a service is to have had before its silence counts as its failure: callers may have less
/// time left than any healthy service needs.
const COUNTED_SILENCE: Duration = Duration::from_secs(1);

/// One service's address, the connections to it and how it has fared. Clones share all of it.
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

/// An attempt that failed.
struct Failure {
    error: CallError,
    /// How long to wait at least before another attempt; none when another makes no sense.
    again_after: Option<Duration>,
    is_services_fault: bool,
}

impl Connection {
    /// To the service at this address; `timeout` bounds each attempt at a call.
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

    /// Sends a request; an answer of 500 or above is an error.
    ///
    /// A repeatable request is sent up to three times when it certainly was not received, its connection
    /// broke, or the service asks for it; never when time ran out.
    pub(crate) async fn send(
        &self,
        request: Request,
        context: &CallContext,
    ) -> Result<Response, CallError> {
        let shared = &*self.0;
        shared.budget.count_call();
        let mut retries = 0;
        // How an earlier attempt failed that may have acted: the call may have, whatever came later.
        let mut doubt = None;
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
            let error = match doubt {
                Some(doubt) if error.never_sent() => doubt,
                _ => error,
            };
            let Some(pause) = pause else {
                return Err(error);
            };
            tracing::debug!(service = shared.service, %error, "calling again");
            metrics::counter!("client_retries_total", "service" => shared.service).increment(1);
            doubt = Some(error).filter(|error| !error.never_sent());
            retries += 1;
            tokio::time::sleep(pause).await;
        }
    }
}

/// What the HTTP clients of the services at this address share.
pub(crate) fn http_client(base: &Url) -> reqwest::ClientBuilder {
    let client = reqwest::Client::builder().tcp_nodelay(true).no_proxy();
    if base.scheme() == "https" {
        client
    } else {
        // No certificates are looked for that nobody will ask about.
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
        if !self.breaker.lets_through() {
            return Err(not_sent(CallError::CircuitOpen));
        }
        let call = self
            .call(request, context)
            .timeout(timeout)
            .header(REQUEST_TIMEOUT_HEADER, timeout.as_millis().to_string());
        let started = Instant::now();
        let mut answered = judge(call.send().await).await;
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
            // Says nothing about the service.
            Err(_) => {}
        }
        self.breaker.publish(self.service);
        answered
    }
}

/// What an attempt's end means.
async fn judge(answered: Result<Response, reqwest::Error>) -> Result<Response, Failure> {
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
            // Whoever waited long enough doesn't wait as long again.
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
            // A connection whose answer was read to its end is used again.
            response.bytes().await.ok();
            Err(Failure {
                error: CallError::Unavailable(StatusCode::SERVICE_UNAVAILABLE),
                again_after,
                is_services_fault: true,
            })
        }
        // Not a refusal of what was asked: asked again once the keys are right, it may be granted.
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            response.bytes().await.ok();
            Err(Failure {
                error: CallError::Unauthorized(status),
                again_after: None,
                is_services_fault: false,
            })
        }
        // The service is well, and guards itself.
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
