//! One open stream, and what ends it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::slots::StreamSlots;
use crate::Problem;
use crate::auth::guard::Guards;
use crate::auth::token_end::TokenExpiry;
use crate::server::connection::ConnectionState;
use service_core::caller::Caller;

/// Permission for one more stream, with its limits. Its slots are returned when dropped.
pub struct Grant {
    _places: Option<StreamSlots>,
    time: Duration,
    draining: CancellationToken,
    gone: CancellationToken,
    ended: Pin<Box<dyn Future<Output = ()>>>,
}

impl Grant {
    /// One more stream for this caller.
    ///
    /// # Errors
    /// 429 if the caller or its address is at the limit, 503 if all together are.
    pub fn of(request: &HttpRequest, caller: &Caller) -> Result<Self, Problem> {
        let guards = Guards::of(request)?;
        let streams = guards.streams.as_ref();
        let streams = streams.ok_or_else(|| Problem::internal("this service has no streams"))?;
        let places = streams.places(caller, guards.address_of(request));
        let places = places.inspect_err(|_| {
            metrics::counter!("streams_refused_total").increment(1);
        })?;
        let token_end = request.extensions().get::<TokenExpiry>().copied();
        let token_time = token_end.map(|TokenExpiry(end)| {
            Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default()
        });
        let connection = request.conn_data::<ConnectionState>();
        Ok(Self {
            _places: places,
            time: token_time.map_or(streams.lifetime, |time| time.min(streams.lifetime)),
            draining: streams.draining.clone(),
            gone: connection
                .map(|state| state.gone.clone())
                .unwrap_or_default(),
            ended: Box::pin(std::future::pending()),
        })
    }

    /// Also ends when this future does.
    #[must_use]
    pub fn until(self, ended: impl Future<Output = ()> + 'static) -> Self {
        Self {
            ended: Box::pin(ended),
            ..self
        }
    }

    /// The answer: these events for as long as the grant lasts.
    #[must_use]
    pub fn answer(self, events: impl Stream<Item = Bytes> + 'static) -> HttpResponse {
        let Self {
            _places: places,
            time,
            draining,
            gone,
            ended,
        } = self;
        let over = async move {
            tokio::select! {
                () = tokio::time::sleep(time) => {}
                () = draining.cancelled() => {}
                () = gone.cancelled() => {}
                () = ended => {}
            }
        };
        let events = events.take_until(over).map(move |event| {
            // Held as long as the stream is sent.
            let _ = &places;
            Ok::<_, Infallible>(event)
        });
        HttpResponse::Ok()
            .content_type("text/event-stream")
            .insert_header(("cache-control", "no-cache"))
            .insert_header(("x-accel-buffering", "no"))
            .streaming(events)
    }
}
