//! The archive: what is over moves, month by month, to tables of the same shape in the schema `archive`, so that what
//! is needed daily stays small, and an operator can dump and drop what is old.
//!
//! | module | contents |
//! | --- | --- |
//! | [`run`](run()) | the whole: ledgers first, then bookings |
//! | `cutoff` | the date before which rows move: the first of a month, long enough ago |
//! | `ledger` | months of a ledger: whole partitions, whose sums are kept |
//! | `bookings` | finished bookings with their holds and charges, a batch at a time |
//! | `tables` | the archive's tables and their months |
//! | `databases` | the connections |
//! | `options`, `error`, `report` | what a run does, what went wrong, what was moved |
//!
//! It moves nothing that is live: a booking with work left, one of tickets, one whose flights have not departed or
//! whose hold or charge is not final, and a month that the ledger's checkpoints don't cover. It may be killed at any
//! point and run again: what is under way stands in `archive.moving`, and is finished first.

mod bookings;
mod cutoff;
mod databases;
mod error;
mod ledger;
mod options;
mod report;
mod run;
mod tables;

pub use cutoff::Cutoff;
pub use error::ArchiveError;
pub use options::Options;
pub use report::Report;
pub use run::run;
