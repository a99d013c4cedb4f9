//! Limits on open streams: per client, per address and in total.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokens::Role;
use tokio_util::sync::CancellationToken;

use crate::Problem;
use crate::limits::shares::{KeyedLimit, KeyedPermit};
use service_core::caller::Caller;
use service_core::network::network_of;
use service_core::settings::StreamSettings;

/// `Retry-After` of a refused stream: other streams end, and make room.
const RETRY_AFTER_SECONDS: u32 = 10;

/// The limits and counts of a service's streams.
#[derive(Clone)]
pub struct Streams {
    all: KeyedLimit<()>,
    of_clients: KeyedLimit<Arc<str>>,
    of_addresses: KeyedLimit<IpAddr>,
    pub(super) lifetime: Duration,
    pub(super) draining: CancellationToken,
}

/// The slots of one stream, returned when dropped.
pub(super) struct StreamSlots {
    _among_all: KeyedPermit<()>,
    _of_client: Option<KeyedPermit<Arc<str>>>,
    _of_address: KeyedPermit<IpAddr>,
}

impl Streams {
    /// All streams end when `draining` is cancelled.
    #[must_use]
    pub fn new(settings: &StreamSettings, draining: CancellationToken) -> Self {
        Self {
            all: KeyedLimit::new(settings.at_once),
            of_clients: KeyedLimit::new(settings.per_client),
            of_addresses: KeyedLimit::new(settings.per_address),
            lifetime: settings.lifetime,
            draining,
        }
    }

    pub(super) fn places(
        &self,
        caller: &Caller,
        address: IpAddr,
    ) -> Result<Option<StreamSlots>, Problem> {
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
        Ok(Some(StreamSlots {
            _among_all: among_all,
            _of_client: of_client,
            _of_address: of_address,
        }))
    }
}

fn too_many() -> Problem {
    let detail = "this client or its address watches as much as it may: close some of it";
    Problem::too_many(detail, RETRY_AFTER_SECONDS).with_code("too_many_streams")
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

    fn code(taken: Result<Option<StreamSlots>, Problem>) -> String {
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
        // A refusal keeps none of the slots that it could have had.
        drop(first);
        assert!(streams.places(&asha, home).is_ok());
    }
}
