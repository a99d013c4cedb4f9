//! Imports schedules from CSV files: all of a schedule, or nothing.
//!
//! A directory has `airports.csv` and `flights.csv`, the latter optionally compressed with gzip. Flights are
//! either dated (`departure`, `arrival`: RFC 3339) and may be shifted by whole weeks, or form a timetable of
//! local times (`departs_local`, `arrives_local`: `HH:MM`) that is flown on each given date. `local_times`
//! has the rules of conversion.

mod airports;
mod flights;
mod local_times;
mod options;
mod run;
mod table;

pub use options::ImportOptions;
pub use run::run;
