//! A request's body, read before the request takes a place: up to a limit, and within a time.

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

/// The largest body that is read: far above any request of these services, far below what hurts.
pub const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// How much of a body that is too large is read and thrown away, so that the client gets to read the
/// answer instead of a broken connection.
const DRAIN_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// A body that was read already, kept with its request for the handler. Why it could not be read, the
/// handler says, in the style of its door.
struct BufferedBody(Result<Vec<u8>, Problem>);

/// What was not read of a body. The server reads on, and without end, for a body whose reader is gone; it
/// closes the connection after the answer as long as there is one. So this is kept until then.
pub struct UnreadBody(#[expect(dead_code, reason = "kept, not read")] Payload);

/// An answer's body with what was not read of the request.
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
    /// All of a request's body, if it has one.
    #[must_use]
    pub fn all_of(request: &mut ServiceRequest) -> Option<Self> {
        match request.take_payload() {
            Payload::None => None,
            payload => Some(Self(payload)),
        }
    }

    /// Has the connection closed after this answer.
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

/// Reads a request's body and keeps it with the request. What was not read, because it is too much or did
/// not come in time, is given back.
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

/// Whether a request has no body, or an empty one.
#[must_use]
pub fn is_empty(request: &HttpRequest) -> bool {
    let extensions = request.extensions();
    match extensions.get::<BufferedBody>() {
        Some(BufferedBody(Ok(body))) => body.is_empty(),
        Some(BufferedBody(Err(_))) => false,
        None => true,
    }
}

/// A copy of the body that was read ahead; the handler still gets it. None where there is none, or not all of it.
#[must_use]
pub fn peek(request: &HttpRequest) -> Option<Vec<u8>> {
    let extensions = request.extensions();
    let BufferedBody(body) = extensions.get::<BufferedBody>()?;
    body.as_ref().ok().cloned()
}

/// The body of a request: what was read of it already, or else what its payload brings.
///
/// # Errors
/// 413, 408, 415 when it is coded, or 400 when it broke off.
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

/// Why a body is not taken, and whether it was read to its end nevertheless.
struct Refused {
    problem: Problem,
    is_whole: bool,
}

/// Reads a body up to the limit.
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
