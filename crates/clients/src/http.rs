//! What the clients share: timeouts, retries, the circuit breaker, the classification of answers.
//!
//! Each attempt has a timeout, which is sent along in [`REQUEST_TIMEOUT_HEADER`]. Idempotent calls, which
//! include all that move a booking on, are retried up to twice if the service was not reached, the connection
//! broke, or the service asked for it (503 with a short `Retry-After`): after a jittered pause, within the
//! caller's deadline, and within a retry budget of about a tenth of all calls. Five failures in a row open
//! the service's circuit for a second.
//!
//! | metric | meaning |
//! | --- | --- |
//! | `client_retries_total{service}` | retries |
//! | `client_circuit_state{service}` | 0 closed, 1 half open, 2 open: the service is not called |

mod answer;
mod breaker;
mod call_context;
mod connection;
mod credentials;
mod error;
mod request;
mod retry;

pub(crate) use self::answer::{answer, empty_answer, read, refusal};
pub use self::call_context::{CallContext, REQUEST_TIMEOUT_HEADER};
pub(crate) use self::connection::{Connection, http_client};
pub use self::credentials::Credentials;
pub use self::error::{CallError, Refusal};
pub(crate) use self::request::Request;
