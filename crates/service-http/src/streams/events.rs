//! The events of a stream.

use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use service_core::fan_out::Watching;

/// Interval of heartbeats, so that proxies keep the stream and a lost client is noticed.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// The heartbeat: a comment, which clients ignore.
pub const ALIVE: Bytes = Bytes::from_static(b": alive\n\n");

/// The events of a subscription, formatted by `tell`, with heartbeats in between.
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
