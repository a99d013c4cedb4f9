//! The actor behind a request. The sales rules bind customers only.

use std::net::IpAddr;

use service_core::caller::{Caller, Role};
use service_core::network::network_of;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Staff and other services, whom the rules do not bind.
    Staff,
    /// A customer, in this network.
    Customer {
        /// The address; for IPv6, its network.
        network: IpAddr,
    },
}

impl Actor {
    /// The actor behind a call from this address. An open service cannot tell who calls, so nobody there
    /// counts as staff.
    #[must_use]
    pub fn of(caller: &Caller, address: IpAddr) -> Self {
        match (caller.subject(), caller.role()) {
            (Some(_), Some(Role::Agent | Role::Admin | Role::Service)) => Self::Staff,
            _ => Self::Customer {
                network: network_of(address),
            },
        }
    }

    /// Whether the sales rules apply.
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
