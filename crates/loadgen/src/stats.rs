//! Outcomes and latencies of requests: each thread counts its own, the counts are merged at the end.
//!
//! Pure: no clock, no I/O.

mod outcome;
mod report;
mod tally;
mod timeline;

pub use outcome::Outcome;
pub use report::{Report, as_number, median};
pub use tally::{Phase, Tally};
pub use timeline::{SLOT, Timeline};
