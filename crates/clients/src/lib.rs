//! The HTTP clients of flight-service and payment-service.
//!
//! The JSON bodies are in `flight-api` and `payment-api`, which the services themselves use without an HTTP
//! client. [`http`] is what the clients share: time limits, retries, the circuit breaker, what to make of an
//! answer, the headers that tie calls to the request they serve.

mod flight;
pub mod http;
mod payment;

pub use self::flight::{FlightClient, SeatStream};
pub use self::http::{Answer, CallContext, CallError, Credentials, Refusal};
pub use self::payment::PaymentClient;
