//! Why there is no report.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

/// Why a load can't be made or measured.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The address is not on this machine.
    #[error("{0} is not a loopback address: load is made on this machine only")]
    NotLoopback(SocketAddr),
    /// The text is no address with a port.
    #[error("{0:?} is not an address such as 127.0.0.1:8080")]
    Address(String),
    /// The plan makes no sense, or is out of bounds.
    #[error("the plan's {field} {problem}")]
    Plan {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A client could not be made ready.
    #[error("client {client} can't connect")]
    Connect {
        /// Its index.
        client: usize,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A client's closure panicked.
    #[error("a client panicked")]
    ClientPanicked,
    /// A thread of the generator ended before its time.
    #[error("a thread of the load generator ended without a result")]
    ThreadLost,
    /// Latencies can't be counted.
    #[error("the latencies can't be counted")]
    Histogram(#[from] hdrhistogram::CreationError),
    /// The system refused a thread, a timer or the like.
    #[error("the system refused what the load generator needs")]
    Io(#[from] io::Error),
}
