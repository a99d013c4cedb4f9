//! The client that a request is counted for.

use std::net::IpAddr;

use service_core::caller::Caller;
use service_core::network::network_of;
use sha2::{Digest as _, Sha256};
use tokens::Role;

/// A client's identity: its subject, else its address. Only a digest is kept, so that Redis holds no names
/// and addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(pub(super) u128);

impl Client {
    /// `None` for requests that are not counted: those of other services.
    #[must_use]
    pub fn of(caller: Option<&Caller>, address: IpAddr) -> Option<Self> {
        let subject = match caller {
            Some(caller) if caller.role() == Some(Role::Service) => return None,
            Some(caller) => caller.subject(),
            None => None,
        };
        Some(match subject {
            Some(subject) => Self::digest_of(&format!("subject {subject}")),
            None => Self::named("address", address),
        })
    }

    pub(super) fn named(what: &str, address: IpAddr) -> Self {
        Self::digest_of(&format!("{what} {}", network_of(address)))
    }

    fn digest_of(name: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(name).into();
        // Half of the digest is enough: no two clients share it.
        let half = digest.first_chunk().copied().unwrap_or_default();
        Self(u128::from_be_bytes(half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(caller: Option<&Caller>, address: &str) -> Option<Client> {
        Client::of(caller, address.parse().unwrap())
    }

    #[test]
    fn a_client_is_its_subject_or_else_its_network() {
        let asha = Caller::known("asha", Role::Customer);
        let at_home = client(Some(&asha), "192.0.2.1");
        assert_eq!(at_home, client(Some(&asha), "198.51.100.7"));
        let ben = Caller::known("ben", Role::Customer);
        assert_ne!(at_home, client(Some(&ben), "192.0.2.1"));
        let nobody = client(None, "192.0.2.1");
        assert_eq!(nobody, client(Some(&Caller::anonymous()), "192.0.2.1"));
        assert_eq!(nobody, client(None, "::ffff:192.0.2.1"));
        assert_ne!(nobody, client(None, "192.0.2.2"));
        assert_eq!(
            client(None, "2001:db8::1"),
            client(None, "2001:db8::ffff:2")
        );
        assert_ne!(client(None, "2001:db8::1"), client(None, "2001:db8:0:1::1"));
        // A subject that looks like an address is still a subject.
        let named = Caller::known("192.0.2.1", Role::Customer);
        assert_ne!(nobody, client(Some(&named), "192.0.2.1"));
    }

    #[test]
    fn other_services_are_not_counted() {
        let service = Caller::known("booking-service", Role::Service);
        assert_eq!(client(Some(&service), "192.0.2.1"), None);
    }
}
