//! Server-sent events for a fragment of a page: it is sent whenever its content changes, until that is final.
//! All subscribers of one subject share one poll (fan-out).

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

/// Poll interval per subject.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// The query of the stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StreamQuery {
    /// Event id of the state that the page shows.
    pub(super) seen: String,
}

/// The fan-outs of one kind of subject.
pub(super) type FanOuts<S> = FanOut<HoldId, Arc<S>>;

/// A subject with its fragment.
pub(super) trait Subscription {
    /// A state of the subject.
    type State: Clone + Send + Sync + 'static;

    /// The event id: equal for states that look the same.
    fn event_id(seen: &Self::State) -> String;

    /// Whether the state no longer changes by itself.
    fn is_final(seen: &Self::State) -> bool;

    /// The fragment.
    async fn html(&self, seen: Self::State) -> Markup;
}

/// Permission for one more stream, until the login session ends. Fails if the caller has too many streams
/// open.
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

/// Polls the subject and publishes changes; `None` from `look` means that it cannot be read now.
pub(super) async fn follow<W, F>(look: impl Fn() -> F, tell: watch::Sender<Option<Arc<W::State>>>)
where
    W: Subscription,
    F: Future<Output = Option<W::State>>,
{
    let told = |seen: &W::State| (W::event_id(seen), W::is_final(seen));
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

/// The events of one connection.
struct Changes<W: Subscription> {
    watched: W,
    watching: Watching<Arc<W::State>>,
    /// Event id of the last state sent.
    seen: String,
    is_final: bool,
    is_over: bool,
}

/// Sends `change` with the fragment, and `over` once the state is final.
pub(super) fn watch<W: Subscription + 'static>(
    watched: W,
    watching: Watching<Arc<W::State>>,
    known: StreamQuery,
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
    /// `None` ends the stream.
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
            let mark = W::event_id(&seen);
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

/// A line break would end the event's data field, and user texts may contain some.
fn one_line(html: &str) -> String {
    html.replace(['\r', '\n'], " ")
}
