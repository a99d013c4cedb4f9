//! Whether the units taken are the units granted.

use anyhow::ensure;

use loadgen::stats::{Outcome, Report};

/// Outcome of a request within the process or to a database that took a unit.
pub const GRANTED: Outcome = Outcome::Named("granted");

/// Requests of a run that may have been granted although their answer does not say so.
#[must_use]
pub fn unclear(report: &Report) -> u64 {
    let unclear = [
        Outcome::Broken,
        Outcome::Unanswered,
        // Load was shed: the command may still be decided.
        Outcome::Named("busy"),
        Outcome::Status(503),
        Outcome::Status(500),
    ];
    unclear
        .iter()
        .map(|outcome| report.tally().total(*outcome))
        .sum()
}

/// Fails unless the units taken are the units granted; requests with an unclear answer may have taken more.
pub fn check_taken(part: &str, taken: i64, granted: u64, unclear: u64) -> anyhow::Result<String> {
    let is_right =
        u64::try_from(taken).is_ok_and(|taken| (granted..=granted + unclear).contains(&taken));
    ensure!(
        is_right,
        "{part}: {taken} units are taken, but {granted} were granted, and {unclear} requests had no \
         clear answer"
    );
    Ok(format!("{part}: {granted} granted, {taken} taken, proved"))
}
