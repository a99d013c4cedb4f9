//! A load generator with statistics.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`load`] | clients with one request at a time, in a closed loop or at a fixed rate |
//! | [`http`] | HTTP/1.1 clients, each with a connection of its own |
//! | [`stats`] | outcomes and latencies of the requests |
//! | [`console`] | console output |
//!
//! A client is an async closure. Calls within the process, to a database and over HTTP are thus driven and
//! counted by the same code, and their rates can be compared.
//!
//! All load is bounded in time and in count, and goes to this machine only, unless the user of `stress-test`
//! names another address.

pub mod console;
mod error;
pub mod http;
pub mod load;
pub mod stats;

pub use error::LoadError;

/// Timeout of an answer: longer than any service of this project takes before it gives a request up
/// (`http.request_timeout`, 20 s at most).
const ANSWERED_WITHIN: std::time::Duration = std::time::Duration::from_secs(25);
