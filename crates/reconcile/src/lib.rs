//! Reconciliation: whether seats, bookings and money agree across the databases of all three services.
//!
//! | module | contents |
//! | --- | --- |
//! | [`report`] | the report, for programs and for people |
//! | [`reconcile()`], `options`, `error` | the reconciliation of all three databases, its options, and its errors |
//! | `rules` | the rules for one booking with its hold and its charges: no I/O |
//! | `rows` | the rows of bookings, holds and charges, merged in pages in the same order |
//! | `tally` | the totals |
//! | `scan` | one pass over all of them, or over the suspects |
//! | `tickets` | the rules for tickets, purchases and event totals, all in one database |
//! | `snapshot` | a read-only snapshot of each database |
//!
//! Each database is read from one snapshot, but the three snapshots are taken at different moments: a booking
//! that moves on in between looks wrong. So a suspect counts only if it still looks wrong when checked again.
//!
//! Memory use is constant, however many bookings there are: bookings, holds and charges are read in the order
//! of the holds' ids and merged.
//!
//! It writes nothing, repairs nothing and takes no locks. Holds and charges that others make directly at
//! flight-service and payment-service are not checked against bookings.

mod error;
mod options;
mod reconcile;
pub mod report;
mod rows;
mod rules;
mod scan;
mod snapshot;
mod tally;
mod tickets;

pub use error::ReconcileError;
pub use options::{Options, Urls};
pub use reconcile::reconcile;
pub use report::{Report, Rule, Violation};
