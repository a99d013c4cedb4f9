//! Identifiers, one type each, so that a flight's id can't be passed where a booking's belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Invalid;

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($word, " {}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            /// Accepts the canonical form only: `+1` and `001` are not `1`.
            fn from_str(text: &str) -> Result<Self, Invalid> {
                let id = text.parse().ok().filter(|id: &i64| id.to_string() == text);
                id.map(Self)
                    .ok_or_else(|| Invalid::new(concat!("a ", $word, "'s id is an integer")))
            }
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, unguessable and in ascending order (UUID version 7, RFC 9562), so that new rows are
            /// neighbours in an index.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($word, " {}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| Invalid::new(concat!("a ", $word, "'s id is a UUID")))
            }
        }
    };
}

numeric_id!(
    /// One departure of one aircraft.
    FlightId, "flight"
);
numeric_id!(
    /// A countable stock with a capacity. A flight's pool has the flight's id.
    PoolId, "pool"
);
numeric_id!(
    /// One customer's purchase.
    BookingId, "booking"
);
uuid_id!(
    /// Units, and named seats, taken out of pools for one owner. The caller generates the id, so that it can
    /// repeat a request whose answer was lost.
    HoldId, "hold"
);
uuid_id!(
    /// One charge.
    PaymentId, "payment"
);

impl FlightId {
    /// The pool of this flight's seats.
    #[must_use]
    pub fn pool(self) -> PoolId {
        PoolId(self.0)
    }
}
