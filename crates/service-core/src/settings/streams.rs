//! Limits of streams of server-sent events.

use std::time::Duration;

use serde::Deserialize;

use crate::settings::{SettingsError, Validate, require};

/// How many streams there may be, and how long they last.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamSettings {
    /// Of all clients together.
    pub at_once: usize,
    /// Of one subject of a token or a session.
    pub per_client: usize,
    /// Of all clients at one address together.
    pub per_address: usize,
    /// How long one lasts: its client comes back by itself, and says what it knows.
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
