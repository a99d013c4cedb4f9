//! A piece of a page as it moves: sent again whenever something in it has changed, until nothing can.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::stream;
use maud::Markup;
use serde::Deserialize;
use service_kit::Problem;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How often it is looked at: in Redis, or by its key.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// How often a stream says that it lives, so that proxies keep it and a lost visitor is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream lasts: its visitor comes back by itself. So a forgotten tab does not look for ever.
pub(super) const LIFETIME: Duration = Duration::from_secs(300);

/// How many streams of a kind one process has at once: each looks three times a second, or has a stream of
/// flight-service's. Pages without one show what was when they were loaded, and their browsers ask again.
const STREAMS_MAX: usize = 2_000;

/// Places for streams of one kind.
pub(super) struct Places(Semaphore);

/// For those who watch what is theirs.
static OWN: Places = Places::new();

/// For those who look at seats: everybody may, and they keep nobody from what is theirs.
pub(super) static SEATS: Places = Places::new();

/// A stream's place among those that there may be; free again when it is dropped.
pub(super) type Place = SemaphorePermit<'static>;

impl Places {
    const fn new() -> Self {
        Self(Semaphore::const_new(STREAMS_MAX))
    }

    /// A place for one more stream.
    ///
    /// # Errors
    /// When too many are watched already.
    pub(super) fn take(&'static self) -> Result<Place, Problem> {
        let place = self.0.try_acquire();
        place.map_err(|_| Problem::unavailable("too many pages are watched just now"))
    }
}

/// What the visitor's page shows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Known {
    /// The mark of what was shown last.
    pub(super) seen: String,
}

/// Something that is watched.
pub(super) trait Watched {
    /// It, as it stands.
    type Seen;

    /// Looks at it; `None` where it can't be read now.
    async fn look(&self) -> Option<Self::Seen>;

    /// What tells two looks apart.
    fn mark(seen: &Self::Seen) -> String;

    /// Whether nothing moves any more by itself.
    fn is_final(seen: &Self::Seen) -> bool;

    /// The piece of the page.
    async fn html(&self, seen: Self::Seen) -> Markup;
}

/// One visitor's events.
struct Changes<W> {
    watched: W,
    seen: String,
    heard_at: Instant,
    ends_at: Instant,
    is_over: bool,
    _place: Place,
}

/// Sends `change` with the piece, and `over` when there is nothing to come.
///
/// # Errors
/// When too many are watched already.
pub(super) fn watch<W: Watched + 'static>(
    watched: W,
    known: Known,
    draining: CancellationToken,
) -> Result<HttpResponse, Problem> {
    let place = OWN.take()?;
    let now = Instant::now();
    let changes = Changes {
        watched,
        seen: known.seen,
        heard_at: now,
        ends_at: now + LIFETIME,
        is_over: false,
        _place: place,
    };
    let events = stream::unfold((changes, draining), |(mut changes, draining)| async move {
        let text = draining.run_until_cancelled(changes.next()).await??;
        Some((Ok::<_, Infallible>(Bytes::from(text)), (changes, draining)))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

impl<W: Watched> Changes<W> {
    /// The text of the next event; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        while Instant::now() < self.ends_at {
            if let Some(seen) = self.watched.look().await {
                let mark = W::mark(&seen);
                if mark != self.seen {
                    self.seen = mark;
                    self.heard_at = Instant::now();
                    let html = self.watched.html(seen).await.into_string();
                    return Some(format!("event: change\ndata: {}\n\n", one_line(&html)));
                }
                if W::is_final(&seen) {
                    self.is_over = true;
                    return Some("event: over\ndata: over\n\n".to_owned());
                }
            }
            if self.heard_at.elapsed() >= HEARTBEAT {
                self.heard_at = Instant::now();
                return Some(": alive\n\n".to_owned());
            }
            sleep(LOOK_EVERY).await;
        }
        None
    }
}

/// An event's data ends with its line, and what users wrote may have several.
fn one_line(html: &str) -> String {
    html.replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_only_so_many_streams() {
        let places: Vec<Place> = std::iter::from_fn(|| SEATS.take().ok()).collect();
        assert_eq!(places.len(), STREAMS_MAX);
        let refused = SEATS.take().err().map(|problem| problem.status().as_u16());
        assert_eq!(refused, Some(503));
        assert!(OWN.take().is_ok());
        drop(places);
        assert!(SEATS.take().is_ok());
    }
}
