//! What to import.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use jiff::civil::Date;

#[derive(Debug, Args)]
pub struct ImportOptions {
    /// The directory that has airports.csv and flights.csv (or flights.csv.gz)
    pub directory: PathBuf,
    /// Do nothing if a directory of this name was imported before
    #[arg(long)]
    pub once: bool,
    /// For local times: fly on this date; may be given several times
    #[arg(long, value_name = "DATE")]
    pub on: Vec<Date>,
    /// For local times: fly on each day from this date on, for as many days as --days says
    #[arg(long, value_name = "DATE", requires = "days")]
    pub from: Option<Date>,
    /// How many days to fly from --from on
    #[arg(long, value_name = "COUNT", requires = "from", value_parser = clap::value_parser!(u16).range(1..=3660))]
    pub days: Option<u16>,
    /// For dated flights: shift the schedule by whole weeks, so that its first week starts on this
    /// Monday; local times of departure stay (those that the new day skips are later by what it skips),
    /// and so does how long each flight takes
    #[arg(long, value_name = "MONDAY", conflicts_with_all = ["on", "from"])]
    pub starting: Option<Date>,
    /// Let airports of the schedule take the places and time zones of airports.csv where they differ;
    /// flights that are there already keep their moments, but have other local times then
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
