//! What became of requests, and how long they took: counted by each thread, merged at the end.
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
