//! Reads a request's body before the request takes a concurrency permit: bounded in size and time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::CONTENT_ENCODING;
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpMessage as _, HttpRequest};
use domain::RefusalCode;
use futures_util::StreamExt as _;

use crate::Problem;

/// Upper limit of a body: far above any request of these services, far below what hurts.
pub const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// How much of an oversized body is read and discarded, so that the client receives the answer instead of a
/// connection reset.
const DRAIN_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// The body that was read ahead, kept with its request. If reading failed the handler reports it, in the
/// problem style of its API.
struct BufferedBody(Result<Vec<u8>, Problem>);

/// The unread rest of a body. While it exists, the server closes the connection after the answer; once it is
/// dropped, the server reads on without end. So it is kept until the answer is sent.
pub struct UnreadBody(#[expect(dead_code, reason = "kept, not read")] Payload);

/// An answer's body, together with the unread rest of the request's.
struct Answer {
    body: BoxBody,
    _unread: UnreadBody,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.get_mut().body.as_pin_mut().poll_next(context)
    }
}

impl UnreadBody {
    /// The whole unread body of a request, if it has one.
    #[must_use]
    pub fn all_of(request: &mut ServiceRequest) -> Option<Self> {
        match request.take_payload() {
            Payload::None => None,
            payload => Some(Self(payload)),
        }
    }

    /// Closes the connection after this answer.
    #[must_use]
    pub fn close_after(self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
        response.map_body(|_, body| {
            BoxBody::new(Answer {
                body,
                _unread: self,
            })
        })
    }
}

/// Reads a request's body and keeps it with the request. Returns the rest that was not read, because the body
/// is too large or late.
pub async fn read_ahead(request: &mut ServiceRequest, limit: Duration) -> Option<UnreadBody> {
    let mut payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return None;
    }
    let read = tokio::time::timeout(limit, read(&mut payload)).await;
    let (body, is_whole) = match read {
        Ok(Ok(body)) => (Ok(body), true),
        Ok(Err(Refused { problem, is_whole })) => (Err(problem), is_whole),
        Err(_) => {
            let problem = Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                RefusalCode::RequestTimeout,
                "the body did not come in time",
            );
            (Err(problem), false)
        }
    };
    request.extensions_mut().insert(BufferedBody(body));
    (!is_whole).then_some(UnreadBody(payload))
}

/// Whether a request has no body or an empty one.
#[must_use]
pub fn is_empty(request: &HttpRequest) -> bool {
    let extensions = request.extensions();
    match extensions.get::<BufferedBody>() {
        Some(BufferedBody(Ok(body))) => body.is_empty(),
        Some(BufferedBody(Err(_))) => false,
        None => true,
    }
}

/// A copy of the body that was read ahead, which the handler still gets; `None` if there is no complete one.
#[must_use]
pub fn peek(request: &HttpRequest) -> Option<Vec<u8>> {
    let extensions = request.extensions();
    let BufferedBody(body) = extensions.get::<BufferedBody>()?;
    body.as_ref().ok().cloned()
}

/// The body of a request: read ahead, or else from its payload.
///
/// # Errors
/// 413 too large, 408 too slow, 415 compressed, 400 broken off.
pub async fn of(request: &HttpRequest, mut payload: Payload) -> Result<Vec<u8>, Problem> {
    let ready = request.extensions_mut().remove::<BufferedBody>();
    let body = match ready {
        Some(BufferedBody(body)) => body,
        None => read(&mut payload).await.map_err(|refused| refused.problem),
    };
    let mut codings = request.headers().get_all(CONTENT_ENCODING);
    if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        body
    } else {
        Err(Problem::coded_body())
    }
}

/// Why a body was refused, and whether it was read to its end nevertheless.
struct Refused {
    problem: Problem,
    is_whole: bool,
}

async fn read(payload: &mut Payload) -> Result<Vec<u8>, Refused> {
    let mut body = Vec::new();
    let mut total = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Refused {
            problem: Problem::malformed("the body broke off").caused_by(error),
            is_whole: false,
        })?;
        total += chunk.len();
        if total <= BODY_LIMIT_BYTES {
            body.extend_from_slice(&chunk);
        } else if total > DRAIN_LIMIT_BYTES {
            break;
        }
    }
    if total <= BODY_LIMIT_BYTES {
        Ok(body)
    } else {
        Err(Refused {
            problem: Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("a body is at most {BODY_LIMIT_BYTES} bytes"),
            ),
            is_whole: total <= DRAIN_LIMIT_BYTES,
        })
    }
}
