//! What the clients share: timeouts, retries, the circuit breaker, the classification of answers.
//!
//! Each attempt has a timeout, which is sent along in [`REQUEST_TIMEOUT_HEADER`]. Idempotent calls, which
//! include all that move a booking on, are retried up to twice if the service was not reached, the connection
//! broke, or the service asked for it (503 with a short `Retry-After`): after a jittered pause, within the
//! caller's deadline, and within a retry budget of about a tenth of all calls. Five failures in a row open
//! the service's circuit for a second.
//!
//! Calls about holds and charges that wait while another is under way go together in one request (group commit); all of
//! the above is true of each of them.
//!
//! | metric | meaning |
//! | --- | --- |
//! | `client_batch_calls{service}` | calls in a batch |
//! | `client_retries_total{service}` | retries |
//! | `client_circuit_state{service}` | 0 closed, 1 half open, 2 open: the service is not called |

mod answer;
mod batch;
mod breaker;
mod call_context;
mod connection;
mod credentials;
mod error;
mod failure;
mod request;
mod retry;
mod transport;

pub(crate) use self::answer::Answer;
pub use self::call_context::{CallContext, REQUEST_TIMEOUT_HEADER};
pub(crate) use self::connection::Connection;
pub use self::credentials::Credentials;
pub use self::error::{CallError, Refusal};
pub(crate) use self::request::Request;
pub(crate) use self::transport::http_client;
