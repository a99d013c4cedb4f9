//! The middleware around every request.
//!
//! It gives the request an id (the client's `X-Request-Id`, or its own), keeps id and path for errors, logs
//! and calls to other services, enforces limits of size and time, measures, turns every error into a problem,
//! and adds the security headers to every answer.

use std::time::{Duration, Instant};

use actix_web::body::{self as response_body, BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode, Version, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError as _, web};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::auth::guard::Guards;
use crate::context::{self, REQUEST_ID, RequestContext, TRACEPARENT};
use crate::deadline::given_up;
use crate::limits::ConcurrencyLimit;
use crate::pieces::chunked;
use crate::problem::{self, ProblemStyles};
use crate::{Problem, body, request_limits, security_headers};

/// Limits of one request. Application data.
#[derive(Clone, Debug)]
pub struct RequestLimits {
    /// From its head to its answer.
    pub time: Duration,
    /// For its body to arrive.
    pub body_time: Duration,
    pub concurrency: ConcurrencyLimit,
}

/// The middleware, for `actix_web::middleware::from_fn`. Its future is boxed per request: inlined in the
/// server's future of each connection, it would cost idle connections several kilobytes each.
///
/// # Errors
/// Those of the wrapped service.
pub fn around_request<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> LocalBoxFuture<'static, Result<ServiceResponse<BoxBody>, Error>> {
    around(request, next).boxed_local()
}

async fn around(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let method = request.method().clone();
    let is_old = request.version() < Version::HTTP_11;
    if method == Method::HEAD {
        // Routes register GET only; the connection still sends no body to a HEAD.
        request.head_mut().method = Method::GET;
    }
    let limits = request
        .app_data::<RequestLimits>()
        .cloned()
        .ok_or_else(|| Problem::internal("the limits of requests are not there"))?;
    let timeout = limits.time;
    let server_request_id = Uuid::now_v7();
    let context = RequestContext {
        request_id: request_id(request.headers(), server_request_id),
        server_request_id,
        path: request.path().to_owned(),
        traceparent: traceparent(request.headers()).map(str::to_owned),
        deadline: started.checked_add(timeout),
    };
    let styles = request.app_data::<ProblemStyles>();
    let style = styles.and_then(|styles| styles.0(request.path()));
    let id_header = HeaderValue::from_str(&context.request_id);
    // At the highest level, so that every log line of a request has its id whatever the filter.
    let span = tracing::error_span!("request", request_id = %context.request_id, %server_request_id, %method, path = %context.path);
    let path = context.path.clone();

    let answered = context::of(
        context,
        problem::in_style(style, async {
            let answer = answer(request, next, &limits);
            let answered = match tokio::time::timeout(timeout, answer).await {
                Ok(answered) => answered,
                Err(_) => Err(given_up().into()),
            };
            let mut response = match answered {
                Ok(response) => response,
                Err(error) => {
                    tracing::warn!(%error, "request failed");
                    // The server would build this answer later, without the request: it is built here, where
                    // the request is known.
                    let response = error.as_response_error().error_response();
                    return Err((error, response));
                }
            };
            log_error(response.response());
            if let Some(problem) = missing_problem(&response) {
                let (request, _) = response.into_parts();
                response = ServiceResponse::new(request, problem.error_response());
            }
            Ok(response)
        }),
    )
    .instrument(span)
    .await;

    let finish = |headers: &mut HeaderMap| {
        if let Ok(id) = id_header {
            headers.insert(REQUEST_ID, id);
        }
        security_headers::apply(&path, headers);
    };
    let measure = |route: String, status: StatusCode| {
        metrics::histogram!("http_request_duration_seconds",
            "method" => known_method(&method), "route" => route, "status" => status.as_str().to_owned())
        .record(started.elapsed().as_secs_f64());
    };
    match answered {
        Ok(response) => {
            let mut response = match method {
                Method::HEAD => without_stream(response),
                _ => response.map_body(|_, body| chunked(body)),
            };
            if is_old && response.response().body().size() == BodySize::Stream {
                // HTTP/1.0 has no chunked coding: the end of the connection ends the answer.
                let head = response.response_mut().head_mut();
                head.no_chunking(true);
                head.set_connection_type(ConnectionType::Close);
            }
            finish(response.headers_mut());
            let route = response.request().match_pattern();
            let route = route.unwrap_or_else(|| "unmatched".to_owned());
            measure(route, response.status());
            Ok(response)
        }
        Err((error, mut response)) => {
            finish(response.headers_mut());
            measure("unfinished".to_owned(), response.status());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// Applies the limits, then calls the route under a permit. Every request is counted for somebody, whatever
/// its path.
async fn answer(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    limits: &RequestLimits,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let guards = request.app_data::<web::Data<Guards>>().cloned();
    let guards = guards.ok_or_else(|| Problem::internal("the guards are not there"))?;
    let mut rate_limit_status = None;
    let entry = guards
        .check_any(request.request(), &mut rate_limit_status)
        .await;
    let entry = entry.and_then(|()| request_limits::check(request.uri(), request.headers()));
    let (mut response, unread) = match entry {
        Ok(()) => {
            let unread = body::read_ahead(&mut request, limits.body_time).await;
            let response = match limits.concurrency.acquire(request.path()) {
                Ok(_place) => next.call(request).await?.map_into_boxed_body(),
                Err(problem) => request.error_response(problem),
            };
            (response, unread)
        }
        Err(problem) => {
            let unread = body::UnreadBody::all_of(&mut request);
            (request.error_response(problem), unread)
        }
    };
    if rate_limit_status.is_none()
        && let Err(problem) = guards
            .count_rest(response.request(), &mut rate_limit_status)
            .await
    {
        response = response.into_response(problem.error_response());
    }
    if let Some(rate_limit_status) = rate_limit_status {
        rate_limit_status.describe(response.headers_mut());
    }
    Ok(match unread {
        Some(unread) => unread.close_after(response),
        None => response,
    })
}

/// The answer to a HEAD. The connection sends no body but waits for its end, and a stream has none: the next
/// request on that connection would wait too.
fn without_stream(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    response.map_body(|_, body| match body.size() {
        BodySize::Stream => BoxBody::new(response_body::None::new()),
        BodySize::None | BodySize::Sized(_) => body,
    })
}

/// The method's label in metrics; made-up methods share one, so that labels stay few.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The client's id if it is short and printable, else our own.
fn request_id(headers: &HeaderMap, own: Uuid) -> String {
    let id = text_of(headers, &REQUEST_ID);
    id.filter(|id| context::is_request_id(id))
        .map_or_else(|| own.to_string(), str::to_owned)
}

/// The request's trace context, if it is the only one.
fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(TRACEPARENT);
    let text = values.next()?.to_str().ok()?;
    (context::is_traceparent(text) && values.next().is_none()).then_some(text)
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Logs a failed request once, with its chain of causes.
pub(crate) fn log_error(response: &HttpResponse) {
    let Some(error) = response.error() else {
        return;
    };
    let first = error
        .as_error::<Problem>()
        .and_then(std::error::Error::source);
    let causes: Vec<String> = std::iter::successors(first, |cause| cause.source())
        .map(ToString::to_string)
        .collect();
    let causes = causes.join(": ");
    let status = response.status();
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(%error, causes, "request failed");
    } else if status.is_server_error() {
        tracing::warn!(%error, causes, "request failed");
    } else {
        tracing::debug!(%error, causes, "request refused");
    }
}

/// The problem that replaces an error response of the framework.
fn missing_problem(response: &ServiceResponse<BoxBody>) -> Option<Problem> {
    let status = response.status();
    let has_own_body = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|media_type| {
            // A problem, or a page that tells a person the same.
            media_type.as_bytes().windows(4).any(|window| {
                window.eq_ignore_ascii_case(b"json") || window.eq_ignore_ascii_case(b"html")
            })
        });
    if !(status.is_client_error() || status.is_server_error()) || has_own_body {
        return None;
    }
    let reason = status
        .canonical_reason()
        .unwrap_or("the request failed")
        .to_lowercase();
    Some(match status {
        StatusCode::NOT_FOUND => Problem::not_found("there is nothing at this path"),
        StatusCode::BAD_REQUEST => Problem::malformed(reason),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(status, "too_large", reason),
        _ => Problem::new(status, "http_error", reason),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name.clone(), HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn only_a_trace_context_is_passed_on() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(traceparent(&with(&TRACEPARENT, good)), Some(good));
        for wrong in [
            "",
            "x",
            &good.to_uppercase(),
            &good.replace("00-4", "01-4"),
            &good.replace("00f067aa0ba902b7", "0000000000000000"),
            &format!("{good}-more"),
            &format!("{good}{}", "0".repeat(8000)),
        ] {
            assert_eq!(traceparent(&with(&TRACEPARENT, wrong)), None, "{wrong}");
        }
        let mut twice = with(&TRACEPARENT, good);
        twice.append(TRACEPARENT, HeaderValue::from_static("x"));
        assert_eq!(traceparent(&twice), None);
    }
}
