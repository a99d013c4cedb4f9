//! The network that counts as one client in rate limits.

use std::net::IpAddr;

/// An IPv4 address as it is; the /64 prefix of an IPv6 address, because whoever has one address has all of its
/// /64.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address @ IpAddr::V4(_) => address,
    }
}
