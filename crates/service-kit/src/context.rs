//! The middleware around every request.
//!
//! It gives the request an id (the client's `X-Request-Id`, or a new one), keeps that id and the
//! path at hand for errors, logs and calls to other services, bounds what it may bring and how long it may
//! take, counts and measures, and makes sure that every error leaves as a problem, and every answer with the
//! headers that protect it.

use std::time::{Duration, Instant};

use actix_web::body::{self as response_body, BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError as _};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::limits::Places;
use crate::problem::{ProblemStyle, ProblemStyles};
use crate::{Problem, body, bounds, protection};

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The W3C trace context header.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The header that says, in milliseconds, how much longer the caller waits for the answer. It can only
/// shorten the time that a request has.
pub const REQUEST_TIMEOUT: HeaderName = HeaderName::from_static("x-request-timeout-ms");

/// What is known of the request that is being answered.
#[derive(Clone, Debug, Default)]
pub struct RequestContext {
    /// The id under which logs and answers know the request.
    pub request_id: String,
    /// The path that was asked.
    pub path: String,
    /// The caller's trace context, passed on as it came.
    pub traceparent: Option<String>,
    /// How its problems are answered, if not as problem details.
    pub problem_style: Option<ProblemStyle>,
    /// When the request is given up: its caller waits no longer, or its time here is over. None outside
    /// a request.
    pub deadline: Option<Instant>,
}

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// The request that this task is answering; empty outside one.
#[must_use]
pub fn current() -> RequestContext {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// What one request may take. Stored as application data for the middleware.
#[derive(Clone, Debug)]
pub struct RequestLimits {
    /// From its head to its answer.
    pub time: Duration,
    /// For its body to come.
    pub body_time: Duration,
    /// Where it needs a place.
    pub places: Places,
}

/// The middleware itself, for `actix_web::middleware::from_fn`.
///
/// # Errors
/// Those of the wrapped service.
pub async fn around_request(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let method = request.method().clone();
    if method == Method::HEAD {
        // Routes name GET only; the connection still sends no body to a HEAD.
        request.head_mut().method = Method::GET;
    }
    let limits = request
        .app_data::<RequestLimits>()
        .cloned()
        .ok_or_else(|| Problem::internal("the limits of requests are not there"))?;
    let timeout =
        callers_timeout(request.headers()).map_or(limits.time, |callers| callers.min(limits.time));
    let context = RequestContext {
        request_id: request_id(request.headers()),
        path: request.path().to_owned(),
        traceparent: text_of(request.headers(), &TRACEPARENT).map(str::to_owned),
        problem_style: request
            .app_data::<ProblemStyles>()
            .and_then(|styles| styles.0(request.path())),
        deadline: started.checked_add(timeout),
    };
    let id_header = HeaderValue::from_str(&context.request_id);
    // At the highest level, so that every line of a request carries its id whatever the filter.
    let span = tracing::error_span!("request", request_id = %context.request_id, %method, path = %context.path);
    let path = context.path.clone();

    let answered = CURRENT
        .scope(context, async {
            let answer = answer(request, next, &limits);
            let answered = match tokio::time::timeout(timeout, answer).await {
                Ok(answered) => answered,
                Err(_) => Err(Problem::unavailable("the request took too long").into()),
            };
            let mut response = match answered {
                Ok(response) => response,
                Err(error) => {
                    tracing::warn!(%error, "request failed");
                    // The request is gone, and the server will make the answer: it is made here already,
                    // where it is known which request it is for.
                    let response = error.as_response_error().error_response();
                    return Err((error, response));
                }
            };
            log_error(&response);
            if let Some(problem) = missing_problem(&response) {
                let (request, _) = response.into_parts();
                response = ServiceResponse::new(request, problem.error_response());
            }
            Ok(response)
        })
        .instrument(span)
        .await;

    let finish = |headers: &mut HeaderMap| {
        if let Ok(id) = id_header {
            headers.insert(REQUEST_ID, id);
        }
        protection::protect(&path, headers);
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
                _ => response,
            };
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

/// The answer to a request that is within its bounds and finds a place.
async fn answer(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    limits: &RequestLimits,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(problem) = bounds::check(request.uri(), request.headers()) {
        let unread = body::Unread::all_of(&mut request);
        return Ok(unread.close_after(request.error_response(problem)));
    }
    let unread = body::read_ahead(&mut request, limits.body_time).await;
    let response = match limits.places.take(request.path()) {
        Ok(_place) => next.call(request).await?.map_into_boxed_body(),
        Err(problem) => request.error_response(problem),
    };
    Ok(match unread {
        Some(unread) => unread.close_after(response),
        None => response,
    })
}

/// The answer to a HEAD. The connection sends nothing of its body but waits for its end, and a stream has
/// none: whoever asks again on that connection would wait, too.
fn without_stream(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    response.map_body(|_, body| match body.size() {
        BodySize::Stream => BoxBody::new(response_body::None::new()),
        BodySize::None | BodySize::Sized(_) => body,
    })
}

/// A method's name among the metrics; of those that a client made up there is no end.
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

/// The client's id if it is short and plain, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    text_of(headers, &REQUEST_ID)
        .filter(|id| {
            (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// How much longer the caller waits, if it says so.
fn callers_timeout(headers: &HeaderMap) -> Option<Duration> {
    let milliseconds = text_of(headers, &REQUEST_TIMEOUT)?.parse().ok()?;
    Some(Duration::from_millis(milliseconds))
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Logs a failed request once, with the whole chain of causes.
fn log_error(response: &ServiceResponse<BoxBody>) {
    let Some(error) = response.response().error() else {
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

/// The problem to send instead of an error that the framework answered in its own words.
fn missing_problem(response: &ServiceResponse<BoxBody>) -> Option<Problem> {
    let status = response.status();
    let has_own_body = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|media_type| {
            // A problem, or a page that says the same to a person.
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
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpResponse, test, web};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    /// How a request with this header fares: its status, and how many seconds it was given.
    async fn asked(path: &str, timeout_ms: Option<&str>) -> (u16, u64) {
        let app = App::new()
            .app_data(RequestLimits {
                time: LIMIT,
                body_time: LIMIT,
                places: Places::new(1),
            })
            .route(
                "/silent",
                web::get().to(std::future::pending::<HttpResponse>),
            )
            .route("/left", web::get().to(seconds_left))
            .wrap(from_fn(around_request));
        let app = test::init_service(app).await;
        let mut request = test::TestRequest::get().uri(path);
        if let Some(timeout_ms) = timeout_ms {
            request = request.insert_header((REQUEST_TIMEOUT, timeout_ms));
        }
        let response = match test::try_call_service(&app, request.to_request()).await {
            Ok(response) => response,
            Err(error) => return (error.error_response().status().as_u16(), 0),
        };
        let status = response.status().as_u16();
        let body = test::read_body(response).await;
        let seconds = std::str::from_utf8(&body)
            .ok()
            .and_then(|text| text.parse().ok());
        (status, seconds.unwrap_or_default())
    }

    async fn seconds_left() -> String {
        let deadline = current().deadline.unwrap();
        let left = deadline.duration_since(Instant::now());
        left.as_secs_f64().ceil().to_string()
    }

    #[actix_web::test]
    async fn a_request_has_the_shorter_of_both_times() {
        for (timeout_ms, seconds) in [
            (None, 20),
            (Some("5000"), 5),
            (Some("60000"), 20),
            (Some("99999999999999999999"), 20),
            (Some("soon"), 20),
            (Some("-1"), 20),
        ] {
            assert_eq!(
                asked("/left", timeout_ms).await,
                (200, seconds),
                "{timeout_ms:?}"
            );
        }
    }

    #[actix_web::test]
    async fn work_ends_when_its_caller_waits_no_longer() {
        assert_eq!(asked("/silent", Some("10")).await.0, 503);
        assert_eq!(asked("/silent", Some("0")).await.0, 503);
    }
}
