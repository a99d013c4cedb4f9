//! The domain's value types, and the rules of sale ([`sale_rules`]).
//!
//! Every value that enters the system is parsed into one of these types at the edge: an invalid one can't be
//! built, and two kinds can't be swapped. Nothing here does I/O, or knows a database or a wire format beyond
//! a value's text or number.

#![warn(missing_docs)]

mod airline;
mod airport;
mod flight_number;
mod hold_status;
mod ids;
mod money;
mod payment_type;
mod refusal_code;
pub mod sale_rules;
mod search_order;
mod seat;
mod text;
mod units;
mod zone;

pub use airline::AirlineCode;
pub use airport::AirportCode;
pub use flight_number::FlightNumber;
pub use hold_status::HoldStatus;
pub use ids::{BookingId, FlightId, HoldId, PaymentId, PoolId};
pub use money::{Amount, Currency, Money};
pub use payment_type::PaymentType;
pub use refusal_code::{RefusalCode, UnknownCode};
pub use sale_rules::itinerary::{LEGS_MAX, Legs};
pub use search_order::SearchOrder;
pub use seat::{SeatLayout, SeatNumber};
pub use text::{Prose, Text, Verbatim, is_visible};
pub use units::Units;
pub use zone::ZoneName;

/// Why a text or number is not a valid value.
///
/// The message is for the person who sent the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

impl Invalid {
    /// `message` completes a refusal: "an airport code is three letters".
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
