//! The results by case: a table, and one line of JSON.

use std::collections::HashMap;

use anyhow::ensure;
use benches::numbers::print_background_load;
use benches::numbers::{print_result, ratio};
use loadgen::console::line;
use loadgen::stats::{Report, median};

use crate::cases::Case;

/// The reports of all rounds.
#[derive(Default)]
pub struct Results {
    cases: Vec<&'static Case>,
    reports: HashMap<&'static str, Vec<Report>>,
    /// Cores busy with other programs, by report.
    others_cores: Vec<f64>,
}

impl Results {
    /// Adds the report of a round, and prints it.
    pub fn add(
        &mut self,
        case: &'static Case,
        round: u8,
        report: Report,
        others_cores: f64,
    ) -> anyhow::Result<()> {
        self.others_cores.push(others_cores);
        line(format_args!(
            "round {round}  {:<22} {:>8.0} a second, p50 {:.2} ms, p99 {:.2} ms; others took {:.0} %",
            case.name,
            report.rate(case.meant),
            report.latency_ms(case.meant, 0.5),
            report.latency_ms(case.meant, 0.99),
            others_cores * 100.0,
        ))?;
        for (outcome, count) in report.others(&[case.meant]) {
            line(format_args!("         also {count} times {outcome}"))?;
        }
        ensure!(report.rate(case.meant) > 0.0, "{} did nothing", case.name);
        if !self.reports.contains_key(case.name) {
            self.cases.push(case);
        }
        self.reports.entry(case.name).or_default().push(report);
        Ok(())
    }

    /// Prints the medians of all cases.
    pub fn print_table(&self) -> anyhow::Result<()> {
        line(format_args!(
            "\n{:<31} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "medians of the rounds",
            "clients",
            "a second",
            "p50 ms",
            "p90 ms",
            "p99 ms",
            "p99.9 ms"
        ))?;
        for case in &self.cases {
            let latency = |quantile| self.latency_ms(case.name, quantile).unwrap_or_default();
            line(format_args!(
                "{:<31} {:>7} {:>9.0} {:>9.2} {:>9.2} {:>9.2} {:>9.2}",
                case.title,
                case.clients,
                self.rate(case.name).unwrap_or_default(),
                latency(0.5),
                latency(0.9),
                latency(0.99),
                latency(0.999),
            ))?;
        }
        print_background_load(&self.others_cores)
    }

    /// Prints the ratios, and the results that are compared over time as one line of JSON; `null` if not
    /// measured.
    pub fn print_summary(&self) -> anyhow::Result<()> {
        let rowlock = self.rate("rowlock_64");
        let bare = self.rate("bare_actix");
        // The slower of the two kinds of refusal.
        let sold_out = match (self.rate("sold_out_decrement"), self.rate("sold_out_hold")) {
            (Some(decrement), Some(hold)) => Some(decrement.min(hold)),
            _ => None,
        };
        let committer = self.rate("committer_hot_1024");
        let http = self.rate("http_hot_256");
        let ratio_committer = ratio(committer, rowlock);
        let ratio_http = ratio(http, rowlock);
        let ratio_sold_out = ratio(sold_out, bare);

        line("")?;
        let ratios = [
            (
                "committer, one pool, 1024 clients",
                ratio_committer,
                "SELECT FOR UPDATE at 64",
            ),
            (
                "HTTP holds, 256 connections",
                ratio_http,
                "SELECT FOR UPDATE at 64",
            ),
            ("HTTP, sold out", ratio_sold_out, "the bare handler"),
        ];
        for (title, ratio, baseline) in ratios {
            if let Some(ratio) = ratio {
                line(format_args!("{title:<34} {ratio:>6.2} times {baseline}"))?;
            }
        }

        let numbers = [
            ("rowlock_16", self.rate("rowlock_16"), 0),
            ("rowlock_64", rowlock, 0),
            ("committer_hot", committer, 0),
            ("committer_spread", self.rate("committer_spread_1024"), 0),
            ("http_hot_64", self.rate("http_hot_64"), 0),
            ("http_hot_256", http, 0),
            ("http_hot_p99_ms", self.latency_ms("http_hot_256", 0.99), 2),
            ("sold_out_rps", sold_out, 0),
            ("bare_actix_rps", bare, 0),
            ("ratio_committer", ratio_committer, 2),
            ("ratio_http", ratio_http, 2),
            ("ratio_sold_out", ratio_sold_out, 3),
        ];
        print_result(&numbers)
    }

    fn rate(&self, name: &str) -> Option<f64> {
        self.median_of(name, |case, report| report.rate(case.meant))
    }

    fn latency_ms(&self, name: &str, quantile: f64) -> Option<f64> {
        self.median_of(name, |case, report| report.latency_ms(case.meant, quantile))
    }

    fn median_of(&self, name: &str, number: impl Fn(&Case, &Report) -> f64) -> Option<f64> {
        let case = self.cases.iter().find(|case| case.name == name)?;
        let reports = self.reports.get(name)?.iter();
        let numbers: Vec<f64> = reports.map(|report| number(case, report)).collect();
        median(&numbers)
    }
}
