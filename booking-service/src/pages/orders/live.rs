//! An order as it moves: its panel, sent again whenever something in it has changed.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use domain::HoldId;
use futures_util::stream;
use jiff::Timestamp;
use service_kit::Problem;
use service_kit::extract::{Id, Query};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::super::visitor::Visitor;
use super::{Shown, panel};
use crate::app::catalog::Catalog;
use crate::app::orders::Orders;
use crate::routes::call_context;

/// How often an order is looked at: in Redis, or by its key.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// How often a stream says that it lives, so that proxies keep it and a lost visitor is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream lasts: its visitor comes back by itself. So a forgotten tab does not look for ever.
const LIFETIME: Duration = Duration::from_secs(300);

/// What the visitor's page shows.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Known {
    seen: String,
}

/// One visitor's events.
struct Changes {
    visitor: Visitor,
    orders: Data<Orders>,
    catalog: Data<Catalog>,
    id: HoldId,
    seen: String,
    heard_at: Instant,
    ends_at: Instant,
    draining: CancellationToken,
    is_over: bool,
}

/// Sends them.
pub(super) async fn stream(
    visitor: Visitor,
    orders: Data<Orders>,
    catalog: Data<Catalog>,
    id: Id<HoldId>,
    known: Query<Known>,
) -> Result<HttpResponse, Problem> {
    super::find(id.0, &orders, &visitor).await?;
    let draining = orders.bookings.tasks.draining();
    let now = Instant::now();
    let changes = Changes {
        visitor,
        orders,
        catalog,
        id: id.0,
        seen: known.0.seen,
        heard_at: now,
        ends_at: now + LIFETIME,
        draining,
        is_over: false,
    };
    let events = stream::unfold(changes, |mut changes| async move {
        let draining = changes.draining.clone();
        let text = draining.run_until_cancelled(changes.next()).await??;
        Some((Ok::<_, Infallible>(Bytes::from(text)), changes))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

impl Changes {
    /// The text of the next event; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        while Instant::now() < self.ends_at {
            // Where the order can't be read now it is looked at again.
            if let Ok(order) = self.orders.find(self.id).await {
                let mark = panel::mark(&order);
                if mark != self.seen {
                    self.seen.clone_from(&mark);
                    self.heard_at = Instant::now();
                    let context = call_context();
                    let shown = Shown::of(order, &self.catalog, &self.orders, &context).await;
                    let html = panel::panel(&shown, &self.visitor, Timestamp::now());
                    return Some(format!(
                        "event: order\ndata: {}\n\n",
                        one_line(&html.into_string())
                    ));
                }
                if panel::is_final(&order) {
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
