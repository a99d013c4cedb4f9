//! The whole run.

use reconcile::Urls;

use crate::bookings;
use crate::databases::Databases;
use crate::error::ArchiveError;
use crate::ledger;
use crate::options::Options;
use crate::report::Report;

/// Archives what is older than the date.
///
/// # Errors
/// A database fails, or a ledger is not proved. What was moved until then stays moved; run it again.
pub async fn run(urls: &Urls, options: Options) -> Result<Report, ArchiveError> {
    let mut databases = Databases::open(urls).await?;
    let mut report = Report::default();
    // Ledgers first: a hold moves only after its entries.
    for database in [&mut databases.flights, &mut databases.bookings] {
        ledger::archive(database, options.before, options.is_dry, &mut report).await?;
    }
    bookings::archive(&mut databases, options, &mut report).await?;
    Ok(report)
}
