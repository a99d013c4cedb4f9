//! Refusal codes: stable names by which programs tell refusals apart.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A code that this version does not know, because a newer one sent or stored it. It is passed on unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownCode(Box<str>);

/// Defines the codes and their texts.
macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $code:ident = $text:literal,)*) => {
        /// The code of a refusal that crosses services or is stored.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $($(#[$doc])* $code,)*
            /// A code of a newer version.
            Other(UnknownCode),
        }

        impl RefusalCode {
            /// All codes that this version knows.
            pub const KNOWN: &[Self] = &[$(Self::$code),*];

            /// The text on the wire and in the database; `None` for a code of a newer version.
            #[must_use]
            pub fn known_text(&self) -> Option<&'static str> {
                match self {
                    $(Self::$code => Some($text),)*
                    Self::Other(_) => None,
                }
            }
        }

        impl From<&str> for RefusalCode {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$code,)*
                    other => Self::Other(UnknownCode(other.into())),
                }
            }
        }
    };
}

refusal_codes! {
    // Pools and holds.
    /// No pool has this id.
    UnknownPool = "unknown_pool",
    /// No hold has this id.
    UnknownHold = "unknown_hold",
    /// A pool with this id exists with other properties.
    PoolExists = "pool_exists",
    /// Fewer units are free than requested.
    SoldOut = "sold_out",
    /// Another hold has the seat.
    SeatTaken = "seat_taken",
    /// The seat is not in the seat map, or the pool has none.
    NoSuchSeat = "no_such_seat",
    /// Sales have ended.
    SalesClosed = "sales_closed",
    /// The id or key is bound to another request.
    IdempotencyKeyReused = "idempotency_key_reused",
    /// The hold was released, perhaps before it arrived (tombstone).
    HoldReleased = "hold_released",
    /// The hold's time ran out.
    HoldExpired = "hold_expired",
    /// The hold was refused when it was requested.
    HoldRefused = "hold_refused",
    /// A seat change names other pools than the hold's.
    OtherPools = "other_pools",
    /// The hold is pinned, so its seats can't change.
    HoldPinned = "hold_pinned",
    /// The hold is sold, so its seats can't change.
    HoldSold = "hold_sold",
    /// A later seat change was applied first.
    Superseded = "superseded",
    /// An increment exceeds the units that decrements took.
    NotTaken = "not_taken",
    /// The capacity would fall below the held and sold units.
    CapacityInUse = "capacity_in_use",

    // Flights.
    /// No flight has this id or number.
    UnknownFlight = "unknown_flight",
    /// The flight departs on another day.
    WrongDate = "wrong_date",
    /// Units of the flight are held or sold.
    FlightHasBookings = "flight_has_bookings",
    /// The total price exceeds the limit of an amount.
    TooExpensive = "too_expensive",

    // Flights that don't form an itinerary.
    /// The itinerary has no flights.
    NoFlights = "no_flights",
    /// The itinerary has more than four flights.
    TooManyFlights = "too_many_flights",
    /// The itinerary has a flight twice.
    FlightTwice = "flight_twice",
    /// A flight departs from another airport than the previous one arrives at.
    AirportsApart = "airports_apart",
    /// A connection is shorter than the minimum.
    ConnectionTooShort = "connection_too_short",
    /// A connection is longer than the maximum.
    ConnectionTooLong = "connection_too_long",
    /// The itinerary visits an airport twice.
    AirportTwice = "airport_twice",
    /// The flights are priced in different currencies.
    TwoCurrencies = "two_currencies",

    // Bookings.
    /// The total differs from the one that the customer expects.
    PriceChanged = "price_changed",
    /// The flights can't be paid in one sum.
    NotPayable = "not_payable",
    /// The booking's deadline passed.
    Expired = "expired",
    /// Another service did not answer in time, and the request can't be repeated.
    Unavailable = "unavailable",
    /// The booking was lost with its request; what it had is released.
    Interrupted = "interrupted",
    /// Its owner or staff cancelled it.
    Cancelled = "cancelled",
    /// The charge was declined for good.
    PaymentFailed = "payment_failed",
    /// The provider gave up; nothing was taken.
    PaymentTimeout = "payment_timeout",
    /// The charge was refused before the provider was asked.
    PaymentRefused = "payment_refused",

    // Tickets to events.
    /// The user has reached the event's ticket limit.
    LimitReached = "limit_reached",
    /// The voucher has no uses left.
    VoucherUsedUp = "voucher_used_up",
    /// The voucher is for another event.
    VoucherNotForEvent = "voucher_not_for_event",
    /// More tickets than the voucher allows at once.
    VoucherTicketLimit = "voucher_ticket_limit",

    // All requests.
    /// The resource does not exist.
    NotFound = "not_found",
    /// The request's body arrived too slowly.
    RequestTimeout = "request_timeout",
    /// An earlier request with the same key is still running.
    IdempotencyInProgress = "idempotency_in_progress",
}

impl RefusalCode {
    /// The text on the wire and in the database.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(UnknownCode(text)) => text,
            known => known.known_text().unwrap_or_default(),
        }
    }

    /// Whether it is a reason why flights don't form an itinerary.
    #[must_use]
    pub fn is_no_itinerary(&self) -> bool {
        matches!(
            self,
            Self::NoFlights
                | Self::TooManyFlights
                | Self::FlightTwice
                | Self::AirportsApart
                | Self::ConnectionTooShort
                | Self::ConnectionTooLong
                | Self::AirportTwice
                | Self::TwoCurrencies
        )
    }

    /// Whether it is a reason why a voucher can't be used.
    #[must_use]
    pub fn is_of_voucher(&self) -> bool {
        matches!(
            self,
            Self::VoucherUsedUp | Self::VoucherNotForEvent | Self::VoucherTicketLimit
        )
    }
}

impl From<RefusalCode> for Cow<'static, str> {
    fn from(code: RefusalCode) -> Self {
        match code {
            RefusalCode::Other(UnknownCode(text)) => text.into_string().into(),
            known => known.known_text().unwrap_or_default().into(),
        }
    }
}

impl FromStr for RefusalCode {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RefusalCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RefusalCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Cow::<str>::deserialize(deserializer)?.as_ref().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_from_its_text() {
        for code in RefusalCode::KNOWN {
            assert_eq!(RefusalCode::from(code.as_str()), *code);
            assert!(!matches!(
                RefusalCode::from(code.as_str()),
                RefusalCode::Other(_)
            ));
            assert_eq!(Cow::<'static, str>::from(code.clone()), code.as_str());
        }
    }

    #[test]
    fn a_code_of_a_newer_version_is_kept() {
        let code: RefusalCode = serde_json::from_str("\"seat_on_fire\"").unwrap();
        assert!(matches!(code, RefusalCode::Other(_)));
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"seat_on_fire\"");
    }
}
