//! The HTTP clients of flight-service and payment-service.
//!
//! The JSON bodies are in `flight-api` and `payment-api`, which the services use without an HTTP client.
//! [`http`] is what the clients share: timeouts, retries, the circuit breaker, the classification of answers,
//! and the headers that tie a call to the request for which it is made.

mod flight;
pub mod http;
mod payment;

pub use self::flight::{FlightClient, SeatStream};
pub use self::http::{CallContext, CallError, Credentials, Refusal};
pub use self::payment::PaymentClient;
