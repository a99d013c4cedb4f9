//! Where holds stand.

use serde::{Deserialize, Serialize};

/// Where a hold stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum HoldStatus {
    /// The units are set aside.
    Held,
    /// The units are sold.
    Sold,
    /// The units were given back. Final.
    Released,
    /// The hold lapsed. Final.
    Expired,
    /// The units could not be had. Final.
    Refused,
}

impl HoldStatus {
    const ALL: [Self; 5] = [
        Self::Held,
        Self::Sold,
        Self::Released,
        Self::Expired,
        Self::Refused,
    ];

    /// The status as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Sold => "sold",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Refused => "refused",
        }
    }

    /// The status stored as this text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the hold has units.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Sold)
    }
}
