//! A load generator, and its statistics.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`load`] | clients that send one request at a time, in a closed loop or at a fixed rate |
//! | [`http`] | clients that speak HTTP/1.1, each on a connection of its own |
//! | [`stats`] | what became of the requests, and how long they took |
//! | [`console`] | lines that are shown at once |
//!
//! A client is an async closure, so that calls within the process, to a database and over HTTP are
//! driven and counted by the same code, and their rates can be compared.
//!
//! All load is bounded, in time and in count, and goes to this machine only, unless the user of
//! `stress-test` names another address.

pub mod console;
mod error;
pub mod http;
pub mod load;
pub mod stats;

pub use error::LoadError;

/// How long an answer is waited for: longer than any service of this project waits before it gives a request
/// up (`http.request_timeout`, 20 s at most).
const ANSWERED_WITHIN: std::time::Duration = std::time::Duration::from_secs(25);
