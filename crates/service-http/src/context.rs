//! What is known of the request that is being answered: for errors, logs and calls to other services.

use std::time::Instant;

use actix_web::http::header::HeaderName;
use uuid::Uuid;

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The W3C trace context header.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What is known of the request that is being answered.
#[derive(Clone, Debug, Default)]
pub struct RequestContext {
    /// The id under which answers and other services know the request: the client's, if it sent one.
    pub request_id: String,
    /// The id that this service gave the request: no client can choose it, and no two requests share one.
    pub server_request_id: Uuid,
    /// The path that was asked.
    pub path: String,
    /// The caller's trace context, passed on as it came, if it has the form that W3C gave it.
    pub traceparent: Option<String>,
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

/// Does what answers this request.
pub(crate) async fn of<T>(context: RequestContext, work: impl Future<Output = T>) -> T {
    CURRENT.scope(context, work).await
}
