//! The reconciliation of all three databases.

use std::time::Duration;

use crate::error::ReconcileError;
use crate::options::{Options, Urls};
use crate::report::Report;
use crate::scan::{self, Pass};
use crate::snapshot::Connections;

/// Pause before suspects are checked again: longer than a booking takes from one step to the next.
const RECHECK_DELAY: Duration = Duration::from_secs(1);

/// Number of rechecks. A busy booking might look wrong twice in the same way; a further pass costs nothing
/// when nothing is wrong.
const RECHECKS: usize = 2;

/// Scans everything, then rechecks the suspects.
///
/// # Errors
/// A database can't be reached or read.
pub async fn reconcile(urls: &Urls, options: &Options) -> Result<Report, ReconcileError> {
    let mut connections = Connections::open(urls).await?;
    let Pass {
        mut verdict,
        mut suspects,
        unexamined,
    } = scan::scan_all(&mut connections, options).await?;
    for _ in 0..RECHECKS {
        if suspects.is_empty() {
            break;
        }
        tokio::time::sleep(RECHECK_DELAY).await;
        suspects = scan::again(&mut connections, suspects).await?;
    }
    verdict.conclude(suspects, unexamined);
    Ok(verdict)
}
