//! The tables of the results.

use super::case::{Case, Part};
use super::results::{Results, version_mark};
use crate::numbers::{print_background_load, ratio};
use loadgen::console::line;

impl<P: Part> Results<P> {
    /// Prints the medians of all cases, and what they cost.
    pub(super) fn print_tables(&self) -> anyhow::Result<()> {
        self.print_rates()?;
        self.print_shares("processor ms of one", |case, share| {
            self.cpu_ms_of_share(case, share)
                .map(|ms| format!("{ms:>9.3}"))
        })?;
        self.print_shares("cores busy", |case, share| {
            self.cores_of_share(case, share)
                .map(|cores| format!("{cores:>9.2}"))
        })?;
        self.print_commits()?;
        self.print_versions()?;
        let rounds = self.rounds.values().flatten();
        let others: Vec<f64> = rounds.map(|done| done.others_cores).collect();
        print_background_load(&others)
    }

    fn print_rates(&self) -> anyhow::Result<()> {
        line(format_args!(
            "\n{:<22} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "medians of the rounds",
            "clients",
            "a second",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "cpu ms"
        ))?;
        for case in &self.cases {
            let latency = |quantile| self.latency_ms(case, quantile).unwrap_or_default();
            line(format_args!(
                "{:<22} {:>7} {:>9.0} {:>9.2} {:>9.2} {:>9.2} {:>9.3}{}",
                case.subject.name(),
                case.clients,
                self.rate(case).unwrap_or_default(),
                latency(0.5),
                latency(0.99),
                latency(0.999),
                self.cpu_ms(case).unwrap_or_default(),
                version_mark(case.version),
            ))?;
        }
        Ok(())
    }

    /// Columns whose name begins with a dot are parts of the column before.
    fn print_shares(
        &self,
        title: &str,
        number: impl Fn(&Case<P>, usize) -> Option<String>,
    ) -> anyhow::Result<()> {
        let heads = self.shares.iter().map(|name| format!("{name:>9}"));
        line(format_args!(
            "\n{title:<22} {:>7} {}",
            "clients",
            heads.collect::<Vec<_>>().join(" ")
        ))?;
        for case in &self.cases {
            let columns = (0..self.shares.len()).map(|share| number(case, share));
            let columns: Option<Vec<String>> = columns.collect();
            line(format_args!(
                "{:<22} {:>7} {}{}",
                case.subject.name(),
                case.clients,
                columns.unwrap_or_default().join(" "),
                version_mark(case.version),
            ))?;
        }
        Ok(())
    }

    /// Nothing if no commits were counted.
    fn print_commits(&self) -> anyhow::Result<()> {
        let counted = self
            .cases
            .iter()
            .filter(|case| self.log_bytes(case).is_some());
        for (index, case) in counted.enumerate() {
            if index == 0 {
                line(
                    "\ndurable commits of one (commit records in the write-ahead log), by database",
                )?;
            }
            let commits = self.commits(case);
            let all: f64 = commits.values().sum();
            let by_database = commits.iter().map(|(database, commits)| {
                let name = if database.is_empty() {
                    "no table"
                } else {
                    database
                };
                format!("{name} {commits:.2}")
            });
            line(format_args!(
                "{:<22} {:>7} {all:>9.2}: {}; {:.0} bytes of log{}",
                case.subject.name(),
                case.clients,
                by_database.collect::<Vec<_>>().join(", "),
                self.log_bytes(case).unwrap_or_default(),
                version_mark(case.version),
            ))?;
        }
        Ok(())
    }

    /// Compares further versions with the first. Nothing if there is only one.
    fn print_versions(&self) -> anyhow::Result<()> {
        let further = self.cases.iter().filter(|case| case.version > 0);
        for (index, case) in further.enumerate() {
            if index == 0 {
                line("\nthe first version, in multiples of another")?;
            }
            let first = Case {
                version: 0,
                ..*case
            };
            let times = |number: &dyn Fn(&Case<P>) -> Option<f64>| {
                ratio(number(&first), number(case)).unwrap_or(f64::NAN)
            };
            line(format_args!(
                "{:<22} {:>7} rate {:.2}, p50 {:.2}, p99 {:.2}, processor time {:.2}{}",
                case.subject.name(),
                case.clients,
                times(&|case| self.rate(case)),
                times(&|case| self.latency_ms(case, 0.5)),
                times(&|case| self.latency_ms(case, 0.99)),
                times(&|case| self.cpu_ms(case)),
                version_mark(case.version),
            ))?;
        }
        Ok(())
    }
}
