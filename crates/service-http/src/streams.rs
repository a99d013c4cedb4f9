//! Streams of server-sent events: how many a client, an address and all together may have open, and what ends
//! them: their time, their token's or session's end, a client that is gone, and the end of the service.
//!
//! They are counted apart from requests, so that they keep nobody from anything but streams. Other services are
//! not bound: they watch on behalf of clients who are.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt as _, stream};
use jiff::Timestamp;
use tokens::Role;
use tokio_util::sync::CancellationToken;

use crate::Problem;
use crate::auth::guard::Guards;
use crate::limits::shares::{Share, Shares};
use crate::server::connection::ConnectionState;
use service_core::caller::Caller;
use service_core::fan_out::Watching;
use service_core::network::network_of;
use service_core::settings::StreamSettings;

/// How often a stream says that it lives, so that proxies keep it and a lost client is noticed.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// What it says then: a comment, which clients leave out.
pub const ALIVE: Bytes = Bytes::from_static(b": alive\n\n");

/// How soon clients whose stream was refused may come back: others end, and give room.
const COME_BACK_AFTER_SECONDS: u32 = 10;

/// A service's streams.
#[derive(Clone)]
pub struct Streams {
    all: Shares<()>,
    of_clients: Shares<Arc<str>>,
    of_addresses: Shares<IpAddr>,
    lifetime: Duration,
    draining: CancellationToken,
}

/// Until when the token that a request showed holds; kept with the request.
#[derive(Clone, Copy, Debug)]
pub struct TokenEnd(pub Timestamp);

/// That a client may have one more stream, and until when. Its places are free again when this is dropped.
pub struct Grant {
    _places: Option<Places>,
    time: Duration,
    draining: CancellationToken,
    gone: CancellationToken,
    ended: Pin<Box<dyn Future<Output = ()>>>,
}

struct Places {
    _among_all: Share<()>,
    _of_client: Option<Share<Arc<str>>>,
    _of_address: Share<IpAddr>,
}

impl Streams {
    /// None yet; all end when the service does.
    #[must_use]
    pub fn new(settings: &StreamSettings, draining: CancellationToken) -> Self {
        Self {
            all: Shares::new(settings.at_once),
            of_clients: Shares::new(settings.per_client),
            of_addresses: Shares::new(settings.per_address),
            lifetime: settings.lifetime,
            draining,
        }
    }

    fn places(&self, caller: &Caller, address: IpAddr) -> Result<Option<Places>, Problem> {
        if caller.subject().is_some() && caller.role() == Some(Role::Service) {
            return Ok(None);
        }
        let of_client = match caller.subject() {
            Some(subject) => Some(self.of_clients.take(subject.into()).ok_or_else(too_many)?),
            None => None,
        };
        let of_address = self.of_addresses.take(network_of(address));
        let of_address = of_address.ok_or_else(too_many)?;
        let among_all = self.all.take(()).ok_or_else(|| {
            Problem::unavailable("too many streams are open now").with_code("overloaded")
        })?;
        Ok(Some(Places {
            _among_all: among_all,
            _of_client: of_client,
            _of_address: of_address,
        }))
    }
}

impl Grant {
    /// One more stream for who asks, if they may have it.
    ///
    /// # Errors
    /// 429 when they or their address have as many as they may, 503 when all together have.
    pub fn of(request: &HttpRequest, caller: &Caller) -> Result<Self, Problem> {
        let guards = Guards::of(request)?;
        let streams = guards.streams.as_ref();
        let streams = streams.ok_or_else(|| Problem::internal("this service has no streams"))?;
        let places = streams.places(caller, guards.address_of(request));
        let places = places.inspect_err(|_| {
            metrics::counter!("streams_refused_total").increment(1);
        })?;
        let token_end = request.extensions().get::<TokenEnd>().copied();
        let token_time = token_end.map(|TokenEnd(end)| {
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

    /// The same, until this too.
    #[must_use]
    pub fn until(self, ended: impl Future<Output = ()> + 'static) -> Self {
        Self {
            ended: Box::pin(ended),
            ..self
        }
    }

    /// The answer: these events for as long as the grant holds.
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
            // As long as somebody is sent something.
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

fn too_many() -> Problem {
    let detail = "this client or its address watches as much as it may: close some of it";
    Problem::too_many(detail, COME_BACK_AFTER_SECONDS).with_code("too_many_streams")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams(at_once: usize, per_client: usize, per_address: usize) -> Streams {
        let settings = StreamSettings {
            at_once,
            per_client,
            per_address,
            lifetime: Duration::from_secs(60),
        };
        Streams::new(&settings, CancellationToken::new())
    }

    fn code(taken: Result<Option<Places>, Problem>) -> String {
        taken
            .err()
            .map_or("taken".to_owned(), |problem| problem.code().to_owned())
    }

    #[test]
    fn a_client_an_address_and_all_together_have_so_many() {
        let streams = streams(4, 2, 3);
        let (home, work) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let (asha, ben) = (
            Caller::known("asha", Role::Customer),
            Caller::known("ben", Role::Customer),
        );
        let first = streams.places(&asha, home).unwrap();
        let _second = streams.places(&asha, work).unwrap();
        assert_eq!(code(streams.places(&asha, home)), "too_many_streams");
        let _third = streams.places(&ben, home).unwrap();
        let _fourth = streams.places(&Caller::anonymous(), home).unwrap();
        assert_eq!(code(streams.places(&ben, home)), "too_many_streams");
        assert_eq!(code(streams.places(&Caller::open(), work)), "overloaded");
        let service = Caller::known("booking-service", Role::Service);
        assert!(streams.places(&service, home).unwrap().is_none());
        // What is refused keeps no place of those that it could have had.
        drop(first);
        assert!(streams.places(&asha, home).is_ok());
    }
}
