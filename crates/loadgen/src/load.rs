//! Clients that send one request at a time: in a closed loop, or at a fixed rate.
//!
//! In a closed loop each client sends its next request when the last answer has come: the rate is
//! what the other side can do. At a fixed rate each request has a time at which it is to start,
//! whether or not the one before was answered, and its latency is counted from that time; so a slow
//! answer is not hidden by the requests that it kept from being sent.

mod pacer;
mod plan;
mod progress;
mod request_scheduler;
mod run;
mod schedule;

pub use plan::{Pace, Plan};
pub use progress::Progress;
pub use run::{run, run_watched};
