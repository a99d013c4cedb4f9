//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Once};

use actix_web::http::header::HeaderMap;

/// How many proxies stand before this service, each of which adds the address that it was called from to
/// `X-Forwarded-For`. What is before those in the list, a client may have made up.
#[derive(Clone, Debug)]
pub struct Proxies {
    count: usize,
    /// Whether it was said that there may be one that is not configured.
    warned: Arc<Once>,
}

impl Proxies {
    /// So many.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self {
            count,
            warned: Arc::new(Once::new()),
        }
    }

    /// The client's address, as far as it can be known.
    #[must_use]
    pub fn client_of(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> IpAddr {
        if self.is_unconfigured(headers) {
            self.warned.call_once(|| {
                tracing::warn!(
                    "requests come with X-Forwarded-For, and http.trusted_proxy_hops is 0: behind a proxy all clients \
                     count as one address; set http.trusted_proxy_hops to how many stand before this service"
                );
            });
        }
        let peer = peer.map(|address| address.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        self.forwarded(headers).unwrap_or(peer)
    }

    /// Whether a proxy seems to stand before this service that the settings don't know. A client may pretend so:
    /// what it says is not believed.
    fn is_unconfigured(&self, headers: &HeaderMap) -> bool {
        self.count == 0 && headers.contains_key("x-forwarded-for")
    }

    fn forwarded(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let lists = headers.get_all("x-forwarded-for");
        let texts = lists.filter_map(|list| list.to_str().ok());
        let addresses: Vec<&str> = texts.flat_map(|list| list.split(',')).collect();
        let at = addresses.len().checked_sub(self.count)?;
        addresses.get(at)?.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_what_the_proxies_added_is_believed() {
        for (proxies, forwarded, client) in [
            (0, "192.0.2.1", "198.51.100.7"),
            (1, "192.0.2.1", "192.0.2.1"),
            (1, "203.0.113.9, 192.0.2.1", "192.0.2.1"),
            (2, "203.0.113.9, 192.0.2.1, 10.0.0.1", "192.0.2.1"),
            (3, "192.0.2.1", "198.51.100.7"),
            (1, "nonsense", "198.51.100.7"),
        ] {
            let request = TestRequest::default()
                .insert_header(("x-forwarded-for", forwarded))
                .to_http_request();
            let peer = "198.51.100.7:1".parse().ok();
            let proxies = Proxies::new(proxies);
            let found = proxies.client_of(peer, request.headers());
            let is_warned = proxies.warned.is_completed();
            assert_eq!(is_warned, proxies.count == 0, "{proxies:?}");
            assert_eq!(found.to_string(), client, "{proxies:?} {forwarded}");
        }
    }
}
