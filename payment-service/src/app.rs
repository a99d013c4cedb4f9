//! The decisions of this service: a charge is made, replayed, taken over or refused; a refund is allowed or
//! not. No SQL, no HTTP.

mod charges;
mod error;
mod payments;
mod refunds;
mod tombstones;
pub mod writers;

pub use self::charges::{ChargeOrder, EndedCharge};
pub use self::error::PaymentError;
pub use self::payments::Payments;
