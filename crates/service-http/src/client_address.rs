//! The client's address behind proxies.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Once};

use actix_web::http::header::HeaderMap;

/// How many trusted proxies stand before this service. Each appends the address that called it to
/// `X-Forwarded-For`; earlier entries in the list may be forged.
#[derive(Clone, Debug)]
pub struct Proxies {
    count: usize,
    /// Whether the warning about an unconfigured proxy was logged.
    warned: Arc<Once>,
}

impl Proxies {
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
                    "requests have X-Forwarded-For, but http.trusted_proxy_hops is 0: behind a proxy all clients \
                     count as one address; set http.trusted_proxy_hops to the number of proxies"
                );
            });
        }
        let peer = peer.map(|address| address.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        self.forwarded(headers).unwrap_or(peer)
    }

    /// Whether there seems to be a proxy that the settings don't know. A client may forge the header, so this
    /// only warns.
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
