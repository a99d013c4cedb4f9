//! Why something is refused, as the stable codes by which programs tell refusals apart.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A code that this version does not know: a newer one has sent or stored it, and it is passed on as it came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownCode(Box<str>);

/// The codes with their texts, each once.
macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $code:ident = $text:literal,)*) => {
        /// The code of a refusal that crosses services or is stored: one variant a text.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $($(#[$doc])* $code,)*
            /// A code of a newer version.
            Other(UnknownCode),
        }

        impl RefusalCode {
            /// Every code that this version knows.
            pub const KNOWN: &[Self] = &[$(Self::$code),*];

            /// The text that is sent and stored; none of a code of a newer version.
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
    /// A pool with this id and other properties is there already.
    PoolExists = "pool_exists",
    /// Fewer units are free than were asked for.
    SoldOut = "sold_out",
    /// A named seat belongs to another hold.
    SeatTaken = "seat_taken",
    /// A named seat is not in the seat map, or there is no seat map.
    NoSuchSeat = "no_such_seat",
    /// What was asked for is not sold any more.
    SalesClosed = "sales_closed",
    /// The id or key came before with another request.
    IdempotencyKeyReused = "idempotency_key_reused",
    /// The hold was released, perhaps before it arrived.
    HoldReleased = "hold_released",
    /// The hold lapsed.
    HoldExpired = "hold_expired",
    /// The hold was refused when it was asked for.
    HoldRefused = "hold_refused",
    /// A seat change names other pools than the hold's.
    OtherPools = "other_pools",
    /// The hold is pinned, so its seats can't change.
    HoldPinned = "hold_pinned",
    /// The hold is sold, so its seats can't change.
    HoldSold = "hold_sold",
    /// A later seat change came first.
    Superseded = "superseded",
    /// More units would be given back than adjustments took.
    NotTaken = "not_taken",
    /// The capacity would be below what is held and sold.
    CapacityInUse = "capacity_in_use",

    // Flights.
    /// No flight has this id or number.
    UnknownFlight = "unknown_flight",
    /// The flight departs on another day.
    WrongDate = "wrong_date",
    /// Somebody has seats on the flight.
    FlightHasBookings = "flight_has_bookings",
    /// The price of all seats together can't be written as an amount.
    TooExpensive = "too_expensive",

    // Flights that are no itinerary.
    /// No flight is named.
    NoFlights = "no_flights",
    /// More flights than an itinerary has.
    TooManyFlights = "too_many_flights",
    /// A flight is named twice.
    FlightTwice = "flight_twice",
    /// A flight departs elsewhere than the one before it arrives.
    AirportsApart = "airports_apart",
    /// Too little time between two flights.
    ConnectionTooShort = "connection_too_short",
    /// Too much time between two flights.
    ConnectionTooLong = "connection_too_long",
    /// The journey comes back to an airport.
    AirportTwice = "airport_twice",
    /// The flights are paid in different currencies.
    TwoCurrencies = "two_currencies",

    // Bookings.
    /// The total is not the one that the customer expects.
    PriceChanged = "price_changed",
    /// The flights can't be paid in one sum.
    NotPayable = "not_payable",
    /// Its time ran out.
    Expired = "expired",
    /// Another service did not answer in time, and nobody can ask for it again.
    Unavailable = "unavailable",
    /// The booking that the request made was lost; what is left of it is undone.
    Interrupted = "interrupted",
    /// Its owner or staff gave it up.
    Cancelled = "cancelled",
    /// The charge was declined for good.
    PaymentFailed = "payment_failed",
    /// The provider gave up in time; nothing was taken.
    PaymentTimeout = "payment_timeout",
    /// The charge could not be asked for.
    PaymentRefused = "payment_refused",

    // Tickets to events.
    /// The user has as many tickets to the event as they may.
    LimitReached = "limit_reached",
    /// The voucher has no uses left.
    VoucherUsedUp = "voucher_used_up",
    /// The voucher is for another event.
    VoucherNotForEvent = "voucher_not_for_event",
    /// The voucher takes fewer tickets at a time.
    VoucherTicketLimit = "voucher_ticket_limit",

    // Requests, whatever they ask for.
    /// There is no such thing.
    NotFound = "not_found",
    /// The request did not arrive completely in time.
    RequestTimeout = "request_timeout",
    /// An earlier request with the same key is still running.
    IdempotencyInProgress = "idempotency_in_progress",
}

impl RefusalCode {
    /// The text that is sent and stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(UnknownCode(text)) => text,
            known => known.known_text().unwrap_or_default(),
        }
    }

    /// Whether it says that flights are no itinerary.
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

    /// Whether it says that a voucher can't be used.
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
