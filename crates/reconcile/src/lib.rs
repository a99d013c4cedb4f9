//! Reconciliation: whether seats, bookings and money agree across the databases of all three services.
//!
//! | module | contents |
//! | --- | --- |
//! | [`report`] | the report, for programs and for people |
//! | `rules` | the rules for one booking with its hold and its charges: no I/O |
//! | `rows` | the rows of bookings, holds and charges, merged in pages in the same order |
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

pub mod report;
mod rows;
mod rules;
mod scan;
mod snapshot;
mod tickets;

use std::time::Duration;

use inventory::StoreError;

pub use report::{Rule, Verdict, Violation};

use crate::scan::Look;
use crate::snapshot::Connections;

/// Pause before suspects are checked again: longer than a booking takes from one step to the next.
const RECHECK_DELAY: Duration = Duration::from_secs(1);

/// Number of rechecks. A busy booking might look wrong twice in the same way; a further pass costs nothing
/// when nothing is wrong.
const LOOKS_AGAIN: usize = 2;

/// Connection strings of the three databases.
#[derive(Clone, Debug)]
pub struct Urls {
    pub flights: String,
    pub bookings: String,
    pub payments: String,
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Work that has been due for longer is overdue.
    pub overdue_after: Duration,
}

impl Default for Options {
    /// 30 s: long for workers that poll twice a second with leases of 4 s.
    fn default() -> Self {
        Self {
            overdue_after: Duration::from_secs(30),
        }
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the address of the {0} database is malformed")]
    Address(&'static str, #[source] tokio_postgres::Error),
    #[error("the {0} database can't be reached")]
    Unreachable(&'static str, #[source] tokio_postgres::Error),
    /// A query failed or timed out.
    #[error("the {0} database can't be read")]
    Database(&'static str, #[source] tokio_postgres::Error),
    /// The ledger proof failed to run.
    #[error("the ledger can't be read")]
    Ledger(#[from] StoreError),
}

/// Scans everything, then rechecks the suspects.
///
/// # Errors
/// A database can't be reached or read.
pub async fn audit(urls: &Urls, options: &Options) -> Result<Verdict, AuditError> {
    let mut connections = Connections::open(urls).await?;
    let Look {
        mut verdict,
        mut suspects,
        unexamined,
    } = scan::at_everything(&mut connections, options).await?;
    for _ in 0..LOOKS_AGAIN {
        if suspects.is_empty() {
            break;
        }
        tokio::time::sleep(RECHECK_DELAY).await;
        suspects = scan::again(&mut connections, suspects).await?;
    }
    verdict.conclude(suspects, unexamined);
    Ok(verdict)
}
