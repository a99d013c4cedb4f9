//! What streams send.

use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use service_core::fan_out::Watching;

/// How often a stream says that it lives, so that proxies keep it and a lost client is noticed.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// What it says then: a comment, which clients leave out.
pub const ALIVE: Bytes = Bytes::from_static(b": alive\n\n");

/// The events of what is watched, as `tell` writes them, and a sign of life where there is nothing to tell.
pub fn events<T: Clone>(
    watching: Watching<T>,
    tell: impl FnMut(T) -> Bytes,
) -> impl Stream<Item = Bytes> {
    stream::unfold((watching, tell), async |(mut watching, mut tell)| {
        let event = match tokio::time::timeout(HEARTBEAT, watching.next()).await {
            Ok(news) => tell(news?),
            Err(_) => ALIVE,
        };
        Some((event, (watching, tell)))
    })
}
