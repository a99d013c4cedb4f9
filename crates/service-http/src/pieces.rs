//! Long bodies, sent in chunks.
//!
//! The server copies a body's chunk into the connection's buffer before it checks for room: a long body in
//! one chunk would be copied whole, for every client that does not read. Chunks are slices of the same
//! memory, however many clients receive it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

/// Bodies up to this size are sent whole: as much as the server buffers anyway.
const WHOLE_LIMIT_BYTES: usize = 32 * 1024;

const PIECE_BYTES: usize = 16 * 1024;

/// The rest of a body.
struct Chunks(Bytes);

impl MessageBody for Chunks {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.0.len()).unwrap_or(u64::MAX))
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let length = self.0.len().min(PIECE_BYTES);
        Poll::Ready((length > 0).then(|| Ok(self.0.split_to(length))))
    }
}

/// The same body in chunks if it is long; streams are left alone.
#[must_use]
pub fn chunked(body: BoxBody) -> BoxBody {
    match body.size() {
        BodySize::Sized(length) if length > WHOLE_LIMIT_BYTES as u64 => {}
        _ => return body,
    }
    match body.try_into_bytes() {
        Ok(bytes) => BoxBody::new(Chunks(bytes)),
        Err(body) => body,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use futures_util::future::poll_fn;

    use super::*;

    #[actix_web::test]
    async fn a_long_body_comes_in_pieces_of_the_same_memory() {
        let whole = Bytes::from(vec![7; 100_000]);
        let body = chunked(BoxBody::new(whole.clone()));
        assert!(matches!(body.size(), BodySize::Sized(100_000)));
        let mut body = Box::pin(body);
        let first = poll_fn(|context| body.as_mut().poll_next(context)).await;
        let first = first.unwrap().unwrap();
        assert_eq!(first.len(), PIECE_BYTES);
        assert_eq!(first.as_ptr(), whole.as_ptr());
        let rest = to_bytes(body).await.unwrap();
        assert_eq!(rest.len(), 100_000 - PIECE_BYTES);
    }

    #[actix_web::test]
    async fn a_short_body_is_given_whole() {
        let mut body = Box::pin(chunked(BoxBody::new(Bytes::from(vec![7; 32 * 1024]))));
        let all = poll_fn(|context| body.as_mut().poll_next(context)).await;
        assert_eq!(all.unwrap().unwrap().len(), 32 * 1024);
    }
}
