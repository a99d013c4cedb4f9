//! Time zones by IANA name.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A time zone of the IANA database, such as `Asia/Kolkata`, with its rules.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneName(TimeZone);

impl ZoneName {
    /// The IANA name, such as `Asia/Kolkata`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Constructed from a name, so this never takes the default.
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Its offsets and transitions.
    #[must_use]
    pub fn rules(&self) -> &TimeZone {
        &self.0
    }
}

impl FromStr for ZoneName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let zone = TimeZone::get(text).ok();
        zone.filter(|zone| zone.iana_name().is_some() && !zone.is_unknown())
            .map(Self)
            .ok_or_else(|| Invalid::new("a time zone is an IANA name such as Asia/Kolkata"))
    }
}

impl TryFrom<String> for ZoneName {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<ZoneName> for String {
    fn from(zone: ZoneName) -> Self {
        zone.as_str().to_owned()
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_iana_names() {
        for right in [
            "Asia/Kolkata",
            "Europe/Berlin",
            "UTC",
            "America/Argentina/Ushuaia",
        ] {
            assert_eq!(right.parse::<ZoneName>().unwrap().as_str(), right);
        }
        for wrong in [
            "",
            "Mars/Olympus",
            "+02:00",
            "CEST",
            "Etc/Unknown",
            "Europe/Berlin ",
            "../etc",
        ] {
            assert!(wrong.parse::<ZoneName>().is_err(), "{wrong}");
        }
    }
}
