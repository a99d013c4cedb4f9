//! Who asks, as the rules of sale see them: they bind customers, and nobody else.

use std::net::IpAddr;

use service_core::caller::{Caller, Role};
use service_core::network::network_of;

/// On whose behalf something is booked or given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Staff and other services, who know what they do.
    Staff,
    /// A customer, from this network.
    Customer {
        /// One client's: an address, or of IPv6 the network that it has.
        network: IpAddr,
    },
}

impl Actor {
    /// The actor behind a call from this address. Whoever calls an open service may act as anybody, so nobody
    /// there is known to be staff.
    #[must_use]
    pub fn of(caller: &Caller, address: IpAddr) -> Self {
        match (caller.subject(), caller.role()) {
            (Some(_), Some(Role::Agent | Role::Admin | Role::Service)) => Self::Staff,
            _ => Self::Customer {
                network: network_of(address),
            },
        }
    }

    /// Whether the rules bind them.
    #[must_use]
    pub fn is_customer(self) -> bool {
        matches!(self, Self::Customer { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_known_to_be_staff_is_free() {
        let address = "2001:db8::1".parse().unwrap();
        let of = |caller: &Caller| Actor::of(caller, address);
        for role in [Role::Agent, Role::Admin, Role::Service] {
            assert_eq!(of(&Caller::known("a", role)), Actor::Staff);
        }
        let customer = Actor::Customer {
            network: "2001:db8::".parse().unwrap(),
        };
        for caller in [
            Caller::known("7", Role::Customer),
            Caller::open(),
            Caller::anonymous(),
        ] {
            assert_eq!(of(&caller), customer);
        }
    }
}
