//! Clients with one request at a time: in a closed loop, or at a fixed rate.
//!
//! In a closed loop each client sends its next request when the last answer has arrived: the rate is what the
//! server can do. At a fixed rate each request has a scheduled start, whether or not earlier ones were
//! answered, and its latency counts from that time: a slow answer shows in the latencies of the requests that
//! it delayed (no coordinated omission).

mod pacer;
mod plan;
mod progress;
mod request_scheduler;
mod run;
mod schedule;

pub use plan::{Pace, Plan};
pub use progress::Progress;
pub use run::{run, run_watched};
