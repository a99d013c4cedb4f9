//! Rate and concurrency limits.

use serde::Deserialize;

use crate::settings::{AuthMode, SettingsError, Validate, require};

/// Default requests per minute of one client where tokens are required: fifty a second, all day. A person stays
/// far below, and one client can't use up a core.
const REQUESTS_PER_MINUTE: u32 = 3000;

/// Default number of full-speed clients per address: a household, or a small office.
const CLIENTS_PER_ADDRESS: u32 = 4;

/// Default connections per address where tokens are required. With all of them open and none of them reading, a
/// service stays within half of the memory of its deployment.
const CONNECTIONS_PER_ADDRESS: usize = 1024;

/// Limits per client and per address, and of the whole service.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Requests per minute of one client; 0 is no limit. Default: a generous limit where tokens are required,
    /// none in an open service.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    /// Requests per minute of all clients at one address together, and new connections per minute from it.
    /// Default: the limit of four clients.
    #[serde(default)]
    pub requests_per_minute_of_address: Option<u32>,
    /// Open connections per address; 0 is no limit. Default: a generous limit where tokens are required, none
    /// in an open service.
    #[serde(default)]
    pub connections_per_address: Option<usize>,
    /// Concurrent requests; more are refused at once (load shedding).
    pub max_concurrent_requests: usize,
}

impl LimitSettings {
    /// Requests per minute of one client; `None` is no limit.
    #[must_use]
    pub fn requests_per_minute(&self, mode: AuthMode) -> Option<u32> {
        let unless_given = match mode {
            AuthMode::Required => REQUESTS_PER_MINUTE,
            AuthMode::Open => 0,
        };
        let quota = self.requests_per_minute.unwrap_or(unless_given);
        Some(quota).filter(|quota| *quota > 0)
    }

    /// Requests per minute of all clients at an address, given the limit of one client.
    #[must_use]
    pub fn requests_per_minute_of_address(&self, of_a_client: u32) -> u32 {
        let unless_given = of_a_client.saturating_mul(CLIENTS_PER_ADDRESS);
        self.requests_per_minute_of_address.unwrap_or(unless_given)
    }

    /// Connections per address; `None` is no limit.
    #[must_use]
    pub fn connections_per_address(&self, mode: AuthMode) -> Option<usize> {
        let unless_given = match mode {
            AuthMode::Required => CONNECTIONS_PER_ADDRESS,
            AuthMode::Open => 0,
        };
        let most = self.connections_per_address.unwrap_or(unless_given);
        Some(most).filter(|most| *most > 0)
    }
}

impl Validate for LimitSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        require(
            self.requests_per_minute
                .is_none_or(|quota| quota <= 1_000_000),
            "limits.requests_per_minute",
            "must be at most 1000000; 0 is no limit",
        )?;
        require(
            self.requests_per_minute_of_address
                .is_none_or(|quota| (1..=10_000_000).contains(&quota)),
            "limits.requests_per_minute_of_address",
            "must be from 1 to 10000000",
        )?;
        require(
            (1..=100_000).contains(&self.max_concurrent_requests),
            "limits.max_concurrent_requests",
            "must be from 1 to 100000",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_service_counts_only_if_told_to() {
        let quota = |requests_per_minute, mode| {
            let settings = LimitSettings {
                requests_per_minute,
                requests_per_minute_of_address: None,
                connections_per_address: requests_per_minute.map(|quota| quota as usize),
                max_concurrent_requests: 1,
            };
            let connections = settings.connections_per_address(mode);
            assert_eq!(
                connections.is_some(),
                settings.requests_per_minute(mode).is_some()
            );
            settings.requests_per_minute(mode)
        };
        assert_eq!(quota(None, AuthMode::Open), None);
        assert_eq!(quota(None, AuthMode::Required), Some(REQUESTS_PER_MINUTE));
        assert_eq!(quota(Some(7), AuthMode::Open), Some(7));
        assert_eq!(quota(Some(0), AuthMode::Required), None);
    }
}
