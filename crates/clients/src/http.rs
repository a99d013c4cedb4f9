//! What the clients share: time limits, retries, the circuit breaker, what to make of an answer.
//!
//! Each attempt at a call has a time limit, which the service is told in [`REQUEST_TIMEOUT_HEADER`].
//! Calls that do no more if they arrive twice, which is all that move a booking on, are made again up to
//! twice when the service was not reached, the connection broke, or the service asked for it (503 with a
//! short `Retry-After`): after a random pause, within the caller's deadline, and as long as retries are at
//! most about a tenth of all calls. After five failures in a row a service is left alone for a second.
//!
//! | metric | what it counts |
//! | --- | --- |
//! | `client_retries_total{service}` | calls that were made again |
//! | `client_circuit_state{service}` | 0 closed, 1 half open, 2 open: the service is not called |

mod answer;
mod breaker;
mod call_context;
mod connection;
mod credentials;
mod error;
mod request;
mod retry;

pub(crate) use self::answer::{answer, empty_answer, read};
pub use self::call_context::{CallContext, REQUEST_TIMEOUT_HEADER};
pub(crate) use self::connection::{Connection, http_client};
pub use self::credentials::Credentials;
pub use self::error::{Answer, CallError, Refusal};
pub(crate) use self::request::Request;
