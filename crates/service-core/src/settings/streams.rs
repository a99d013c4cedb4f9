//! Limits of server-sent event streams.

use std::time::Duration;

use serde::Deserialize;

use crate::settings::{SettingsError, Validate, require};

/// How many streams may be open, and for how long.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamSettings {
    /// Open streams of all clients together.
    pub at_once: usize,
    /// Open streams of one token subject or one session.
    pub per_client: usize,
    /// Open streams of all clients at one address.
    pub per_address: usize,
    /// Longest duration of a stream; its client reconnects by itself with its last event id.
    #[serde(with = "humantime_serde")]
    pub lifetime: Duration,
}

impl Validate for StreamSettings {
    fn validate(&self) -> Result<(), SettingsError> {
        for (setting, number) in [
            ("streams.at_once", self.at_once),
            ("streams.per_client", self.per_client),
            ("streams.per_address", self.per_address),
        ] {
            require(
                (1..=1_000_000).contains(&number),
                setting,
                "must be from 1 to 1000000",
            )?;
        }
        require(
            !self.lifetime.is_zero(),
            "streams.lifetime",
            "must be above zero",
        )
    }
}
