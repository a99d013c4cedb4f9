//! The audit: whether seats, bookings and money agree, over the databases of all three services.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`report`] | what an audit says, for programs and for people |
//! | `rules` | the rules for one booking with its hold and its charges: no I/O |
//! | `rows` | the rows of bookings, holds and charges, a page at a time in the same order |
//! | `scan` | one look at all of them, or at those that are under suspicion |
//! | `tickets` | the rules for tickets, purchases and the sums of events, all in one database |
//! | `snapshot` | one moment of one database, read only |
//!
//! Each database is read as of one moment, but the three moments are not the same one: a booking that
//! moves on between them looks wrong. So what looks wrong counts only if it still does when it is looked
//! at again.
//!
//! Memory stays the same however many bookings there are: they are read in the order of their holds'
//! ids, beside the holds and the charges in that order.
//!
//! It writes nothing, mends nothing, and takes no locks. What others hold or charge directly at
//! flight-service and payment-service is none of its business.

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

/// How long what looked wrong has to come right before it is looked at again: longer than a booking
/// takes from one step to the next.
const RECHECK_DELAY: Duration = Duration::from_secs(1);

/// How often it is looked at again. A busy booking might look wrong twice in the same way: another look
/// costs nothing when nothing is wrong.
const LOOKS_AGAIN: usize = 2;

/// The addresses of the three databases.
#[derive(Clone, Debug)]
pub struct Urls {
    /// flight-service's.
    pub flights: String,
    /// booking-service's.
    pub bookings: String,
    /// payment-service's.
    pub payments: String,
}

/// What an audit is to know.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Work that should have been taken up so long ago is overdue.
    pub overdue_after: Duration,
}

impl Default for Options {
    /// Half a minute: long for workers that look twice a second and leases of 4 s.
    fn default() -> Self {
        Self {
            overdue_after: Duration::from_secs(30),
        }
    }
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// An address is not one.
    #[error("the address of the {0} database is malformed")]
    Address(&'static str, #[source] tokio_postgres::Error),
    /// A database can't be reached.
    #[error("the {0} database can't be reached")]
    Unreachable(&'static str, #[source] tokio_postgres::Error),
    /// A database does not let itself be read, or not in time.
    #[error("the {0} database can't be read")]
    Database(&'static str, #[source] tokio_postgres::Error),
    /// The pools can't be proved.
    #[error("the ledger can't be read")]
    Ledger(#[from] StoreError),
}

/// Looks at everything, and once more at what looks wrong.
///
/// # Errors
/// When a database can't be reached or read.
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
