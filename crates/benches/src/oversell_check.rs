//! Whether what was granted is what was taken.

use anyhow::ensure;

use loadgen::stats::{Outcome, Report};

/// How many requests of a run may have been granted without an answer that says so.
#[must_use]
pub fn unclear(report: &Report) -> u64 {
    let unclear = [
        Outcome::Broken,
        Outcome::Unanswered,
        // Told to come back, while it may still be decided.
        Outcome::Named("busy"),
        Outcome::Status(503),
        Outcome::Status(500),
    ];
    unclear
        .iter()
        .map(|outcome| report.tally().total(*outcome))
        .sum()
}

/// Fails unless as much is taken as was granted; requests without a clear answer may have taken more.
///
/// # Errors
/// When it is not.
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
