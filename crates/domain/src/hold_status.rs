//! The status of holds.

use serde::{Deserialize, Serialize};

/// The status of a hold. Released, expired and refused are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum HoldStatus {
    /// The units are reserved.
    Held,
    /// The units are sold; a cancellation may still release them.
    Sold,
    /// The units were returned. Final.
    Released,
    /// The hold's time ran out. Final.
    Expired,
    /// The units were not available. Final.
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

    /// The text in the database and on the wire.
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

    /// `None` for an unknown text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the hold takes up units.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Sold)
    }
}
