//! The options of `flight-service import`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use jiff::civil::Date;

#[derive(Debug, Args)]
pub struct ImportOptions {
    /// Directory with airports.csv and flights.csv (or flights.csv.gz)
    pub directory: PathBuf,
    /// Do nothing if a directory of this name was imported before
    #[arg(long)]
    pub once: bool,
    /// For local times: fly on this date; repeatable
    #[arg(long, value_name = "DATE")]
    pub on: Vec<Date>,
    /// For local times: fly daily from this date on, for --days days
    #[arg(long, value_name = "DATE", requires = "days")]
    pub from: Option<Date>,
    /// Number of days to fly from --from on
    #[arg(long, value_name = "COUNT", requires = "from", value_parser = clap::value_parser!(u16).range(1..=3660))]
    pub days: Option<u16>,
    /// For dated flights: shift the schedule by whole weeks, so that its first week starts on this Monday;
    /// local times of departure (moved forward where clocks skip them) and flight durations stay
    #[arg(long, value_name = "MONDAY", conflicts_with_all = ["on", "from"])]
    pub starting: Option<Date>,
    /// Update the position and time zone of existing airports from airports.csv; existing flights keep their
    /// moments, so their local times change
    #[arg(long)]
    pub replace_airports: bool,
}

impl ImportOptions {
    /// The dates on which a timetable is flown, in order, without duplicates.
    pub(super) fn dates(&self) -> anyhow::Result<Vec<Date>> {
        let mut dates = self.on.clone();
        if let (Some(first), Some(days)) = (self.from, self.days) {
            for day in 0..i64::from(days) {
                let span = jiff::Span::new().try_days(day)?;
                dates.push(first.checked_add(span).context("--days goes too far")?);
            }
        }
        let mut seen = std::collections::HashSet::new();
        dates.retain(|date| seen.insert(*date));
        Ok(dates)
    }
}
