//! Why a run has no report.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

/// Why load can't be generated or measured.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{0} is not a loopback address: load is made on this machine only")]
    NotLoopback(SocketAddr),
    #[error("{0:?} is not an address such as 127.0.0.1:8080")]
    Address(String),
    #[error("the plan's {field} {problem}")]
    Plan {
        field: &'static str,
        problem: String,
    },
    /// A client's `connect` failed.
    #[error("client {client} can't connect")]
    Connect {
        /// The client's index.
        client: usize,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("a client panicked")]
    ClientPanicked,
    #[error("a thread of the load generator ended without a result")]
    ThreadLost,
    #[error("the latencies can't be counted")]
    Histogram(#[from] hdrhistogram::CreationError),
    /// A thread, a runtime or a timer was refused.
    #[error("the system refused what the load generator needs")]
    Io(#[from] io::Error),
}
