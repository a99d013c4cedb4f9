//! Context of the current request: for errors, logs and calls to other services.

use std::time::Instant;

use actix_web::http::header::HeaderName;
use uuid::Uuid;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The W3C trace context header.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A task-local.
#[derive(Clone, Debug, Default)]
pub struct RequestContext {
    /// The request's id in answers and other services: the client's, if it sent one.
    pub request_id: String,
    /// This service's id of the request: unique, and no client can choose it.
    pub server_request_id: Uuid,
    pub path: String,
    /// The caller's W3C trace context, passed on unchanged; `None` if it is absent or malformed.
    pub traceparent: Option<String>,
    /// When the caller stops waiting or the time limit ends, whichever is first; `None` outside a request.
    pub deadline: Option<Instant>,
}

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// The current task's request; empty outside one.
#[must_use]
pub fn current() -> RequestContext {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Runs work with this context.
pub(crate) async fn of<T>(context: RequestContext, work: impl Future<Output = T>) -> T {
    CURRENT.scope(context, work).await
}

/// Whether an id that a client chose for its request is short and printable.
pub(crate) fn is_request_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether this is a trace context: W3C version 00, in lower case, with non-zero ids. Others are not passed on,
/// as the specification demands.
pub(crate) fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_part = |part: Option<&str>, digits: usize, may_be_zero: bool| {
        part.is_some_and(|part| {
            part.len() == digits
                && part.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
                && (may_be_zero || part.bytes().any(|c| c != b'0'))
        })
    };
    parts.next() == Some("00")
        && is_part(parts.next(), 32, false)
        && is_part(parts.next(), 16, false)
        && is_part(parts.next(), 2, true)
        && parts.next().is_none()
}
