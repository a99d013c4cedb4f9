//! A piece of a page as it moves: sent again whenever something in it has changed, until nothing can. One look
//! serves all who watch the same.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use domain::HoldId;
use futures_util::stream;
use maud::Markup;
use serde::Deserialize;
use service_core::fan_out::{FanOut, Watching};
use service_http::Problem;
use service_http::streams::{ALIVE, Grant, HEARTBEAT};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::http::Services;
use crate::pages::session::PageSession;

/// How often it is looked at, by its key.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// What the session's page shows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Known {
    /// The mark of what was shown last.
    pub(super) seen: String,
}

/// Things of a kind that are watched.
pub(super) type Live<S> = FanOut<HoldId, Arc<S>>;

/// Something that is watched.
pub(super) trait Subscription {
    /// It, as it stands.
    type EventId: Clone + Send + Sync + 'static;

    /// What tells two looks apart.
    fn mark(seen: &Self::EventId) -> String;

    /// Whether nothing moves any more by itself.
    fn is_final(seen: &Self::EventId) -> bool;

    /// The piece of the page.
    async fn html(&self, seen: Self::EventId) -> Markup;
}

/// That a session may watch one more thing, for as long as their session lasts.
///
/// # Errors
/// When they watch too much already.
pub(super) fn grant(request: &HttpRequest, session: &PageSession) -> Result<Grant, Problem> {
    let grant = Grant::of(request, &session.caller)?;
    let services = request.app_data::<Data<Services>>();
    let cookie = services.and_then(|services| services.cookies.of(request));
    Ok(match (&session.signed_in, services, cookie) {
        (Some(user), Some(services), Some(cookie)) => {
            grant.until(services.live_sessions.over(&cookie, user.role))
        }
        _ => grant,
    })
}

/// Looks at something again and again; `None` where it can't be read now.
pub(super) async fn follow<W, F>(look: impl Fn() -> F, tell: watch::Sender<Option<Arc<W::EventId>>>)
where
    W: Subscription,
    F: Future<Output = Option<W::EventId>>,
{
    let told = |seen: &W::EventId| (W::mark(seen), W::is_final(seen));
    loop {
        if let Some(seen) = look().await {
            tell.send_if_modified(|known| {
                let is_news = known
                    .as_ref()
                    .is_none_or(|known| told(known) != told(&seen));
                if is_news {
                    *known = Some(Arc::new(seen));
                }
                is_news
            });
        }
        sleep(LOOK_EVERY).await;
    }
}

/// One session's events.
struct Changes<W: Subscription> {
    watched: W,
    watching: Watching<Arc<W::EventId>>,
    /// The mark of what the session has seen.
    seen: String,
    is_final: bool,
    is_over: bool,
}

/// Sends `change` with the piece, and `over` when there is nothing to come.
pub(super) fn watch<W: Subscription + 'static>(
    watched: W,
    watching: Watching<Arc<W::EventId>>,
    known: Known,
    grant: Grant,
) -> HttpResponse {
    let changes = Changes {
        watched,
        watching,
        seen: known.seen,
        is_final: false,
        is_over: false,
    };
    grant.answer(stream::unfold(changes, async |mut changes| {
        Some((changes.next().await?, changes))
    }))
}

impl<W: Subscription> Changes<W> {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        while !self.is_final {
            let Ok(news) = timeout(HEARTBEAT, self.watching.next()).await else {
                return Some(ALIVE);
            };
            let seen = news?;
            self.is_final = W::is_final(&seen);
            let mark = W::mark(&seen);
            if mark != self.seen {
                self.seen = mark;
                let html = self.watched.html((*seen).clone()).await.into_string();
                return Some(format!("event: change\ndata: {}\n\n", one_line(&html)).into());
            }
        }
        self.is_over = true;
        Some(Bytes::from_static(b"event: over\ndata: over\n\n"))
    }
}

/// An event's data ends with its line, and what users wrote may have several.
fn one_line(html: &str) -> String {
    html.replace(['\r', '\n'], " ")
}
