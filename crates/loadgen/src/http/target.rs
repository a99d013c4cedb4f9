//! The address under load: on this machine, unless the user names another.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use crate::LoadError;

/// A port on a loopback address, or an address that the user named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target(SocketAddr);

impl Target {
    /// An address that the user named, on any host. Only user input may be passed here.
    #[must_use]
    pub fn named_by_the_user(address: SocketAddr) -> Self {
        Self(address)
    }

    /// A port on 127.0.0.1.
    #[must_use]
    pub fn local(port: u16) -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

impl TryFrom<SocketAddr> for Target {
    type Error = LoadError;

    fn try_from(address: SocketAddr) -> Result<Self, LoadError> {
        if address.ip().is_loopback() {
            Ok(Self(address))
        } else {
            Err(LoadError::NotLoopback(address))
        }
    }
}

impl FromStr for Target {
    type Err = LoadError;

    fn from_str(text: &str) -> Result<Self, LoadError> {
        let address: SocketAddr = text
            .parse()
            .map_err(|_| LoadError::Address(text.to_owned()))?;
        address.try_into()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_a_target() {
        for text in ["127.0.0.1:80", "127.1.2.3:8080", "[::1]:8080"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["0.0.0.0:80", "10.0.0.1:80", "[::]:80", "192.0.2.1:80"] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains("not a loopback address"), "{error}");
        }
        for text in ["localhost:80", "127.0.0.1", ""] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains("not an address"), "{error}");
        }
    }
}
