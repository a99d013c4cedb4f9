//! The numbers: kept by case, shown as a table, and as one line for programs.

use std::collections::HashMap;

use anyhow::ensure;
use stress::bench::cores::Share;
use stress::bench::numbers::{line, print_result};
use stress::bench::others::TOLERATED_CORES;
use stress::stats::{Report, median};

use crate::cases::{CONFIRMED, Case, Part};

/// What a rate may cost: the 99th percentile, in milliseconds, below which a rate counts.
const LATENCY_LIMIT_MS: f64 = 100.0;

/// What one round of a case found.
pub struct Round {
    pub report: Report,
    /// How many cores each share kept busy.
    pub cores: Vec<f64>,
    /// How many cores other programs kept busy.
    pub others_cores: f64,
}

/// All rounds.
pub struct Results {
    cases: Vec<Case>,
    shares: Vec<&'static str>,
    rounds: HashMap<Case, Vec<Round>>,
}

/// The rate of a part that counts, and its price.
#[derive(Clone, Copy)]
struct Headline {
    connections: u16,
    per_s: f64,
    p99_ms: f64,
}

impl Results {
    pub fn new(cases: &[Case], shares: &[(&'static str, Share)]) -> Self {
        Self {
            cases: cases.to_vec(),
            shares: shares.iter().map(|(name, _)| *name).collect(),
            rounds: HashMap::new(),
        }
    }

    /// Keeps a round, and shows it.
    pub fn add(&mut self, case: &Case, number: u8, round: Round) -> anyhow::Result<()> {
        let report = &round.report;
        line(format_args!(
            "round {number}  {:<13} {:>4} connections {:>6.0} a second, p50 {:.1} ms, p99 {:.1} ms; \
             others took {:.0} %",
            case.part.name(),
            case.connections,
            report.rate(CONFIRMED),
            report.latency_ms(CONFIRMED, 0.5),
            report.latency_ms(CONFIRMED, 0.99),
            round.others_cores * 100.0,
        ))?;
        for (outcome, count) in report.others(&[CONFIRMED]) {
            line(format_args!("         besides, {count} times {outcome}"))?;
        }
        ensure!(report.rate(CONFIRMED) > 0.0, "nothing was booked");
        self.rounds.entry(*case).or_default().push(round);
        Ok(())
    }

    /// Shows the medians of all cases, and who kept how many cores busy.
    pub fn print_table(&self) -> anyhow::Result<()> {
        line(format_args!(
            "\n{:<22} {:>11} {:>9} {:>9} {:>9} {:>9}",
            "medians of the rounds", "connections", "a second", "p50 ms", "p99 ms", "p99.9 ms"
        ))?;
        for case in &self.cases {
            let latency = |quantile| self.latency_ms(case, quantile).unwrap_or_default();
            line(format_args!(
                "{:<22} {:>11} {:>9.0} {:>9.1} {:>9.1} {:>9.1}",
                case.part.name(),
                case.connections,
                self.rate(case).unwrap_or_default(),
                latency(0.5),
                latency(0.99),
                latency(0.999),
            ))?;
        }
        self.print_cores()?;
        let others: Vec<f64> = self
            .rounds
            .values()
            .flatten()
            .map(|round| round.others_cores)
            .collect();
        let middle = median(&others).unwrap_or_default();
        let most = others.iter().copied().fold(0.0, f64::max);
        let verdict = if middle > TOLERATED_CORES {
            ": measure again when nothing else runs"
        } else {
            ""
        };
        line(format_args!(
            "\nOther programs took {:.0} % of a core, {:.0} % in the worst case{verdict}.",
            middle * 100.0,
            most * 100.0,
        ))
    }

    /// The columns that begin with a dot are parts of the one before them.
    fn print_cores(&self) -> anyhow::Result<()> {
        let heads: Vec<String> = self
            .shares
            .iter()
            .map(|name| format!("{name:>9}"))
            .collect();
        line(format_args!(
            "\n{:<13} {:>11} {}",
            "cores busy",
            "connections",
            heads.join(" ")
        ))?;
        for case in &self.cases {
            let cores = (0..self.shares.len()).map(|index| {
                let of_round = |round: &Round| round.cores.get(index).copied().unwrap_or_default();
                let cores = self.median_of(case, of_round).unwrap_or_default();
                format!("{cores:>9.2}")
            });
            line(format_args!(
                "{:<13} {:>11} {}",
                case.part.name(),
                case.connections,
                cores.collect::<Vec<_>>().join(" ")
            ))?;
        }
        Ok(())
    }

    /// Shows the rates that count, and the same as one line of JSON: `null` where it was not measured.
    pub fn print_summary(&self) -> anyhow::Result<()> {
        line("")?;
        let (spread, hot) = (self.headline(Part::Spread), self.headline(Part::Hot));
        for (part, headline) in [(Part::Spread, spread), (Part::Hot, hot)] {
            let Some(headline) = headline else { continue };
            let verdict = if headline.p99_ms < LATENCY_LIMIT_MS {
                "the best rate whose p99 is under 100 ms"
            } else {
                "no p99 is under 100 ms: the shortest"
            };
            line(format_args!(
                "{:<13} {:>6.0} paid bookings a second, p99 {:.1} ms, at {} connections: {verdict}",
                part.name(),
                headline.per_s,
                headline.p99_ms,
                headline.connections
            ))?;
        }
        let worse = [spread, hot]
            .into_iter()
            .flatten()
            .map(|headline| headline.p99_ms);
        print_result(&[
            ("spread_per_s", spread.map(|headline| headline.per_s), 0),
            ("hot_per_s", hot.map(|headline| headline.per_s), 0),
            ("p99_ms", worse.reduce(f64::max), 2),
        ])
    }

    /// The best rate whose latency is within the limit; where none is, that of the shortest latency.
    fn headline(&self, part: Part) -> Option<Headline> {
        let of_part = self.cases.iter().filter(|case| case.part == part);
        let measured: Vec<Headline> = of_part
            .filter_map(|case| {
                Some(Headline {
                    connections: case.connections,
                    per_s: self.rate(case)?,
                    p99_ms: self.latency_ms(case, 0.99)?,
                })
            })
            .collect();
        let within = measured.iter().filter(|one| one.p99_ms < LATENCY_LIMIT_MS);
        let best = within.max_by(|a, b| a.per_s.total_cmp(&b.per_s));
        let shortest = || measured.iter().min_by(|a, b| a.p99_ms.total_cmp(&b.p99_ms));
        best.or_else(shortest).copied()
    }

    fn rate(&self, case: &Case) -> Option<f64> {
        self.median_of(case, |round| round.report.rate(CONFIRMED))
    }

    fn latency_ms(&self, case: &Case, quantile: f64) -> Option<f64> {
        self.median_of(case, |round| round.report.latency_ms(CONFIRMED, quantile))
    }

    fn median_of(&self, case: &Case, number: impl Fn(&Round) -> f64) -> Option<f64> {
        let numbers: Vec<f64> = self.rounds.get(case)?.iter().map(number).collect();
        median(&numbers)
    }
}
