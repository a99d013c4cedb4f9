//! The results of all rounds by case.

use std::collections::{BTreeMap, HashMap};

use anyhow::ensure;

use super::case::{Case, Part, Subject};
use super::measured::Measured;
use crate::baselines::Baseline;
use loadgen::console::line;
use loadgen::stats::{as_number, median};

/// A ramp goes on until its p99 is beyond the limit by this factor: one bad round must not end it.
const FAR_BEYOND: f64 = 2.0;

pub struct Results<P> {
    /// Names of the process groups. A leading dot marks a part of the group before.
    pub(super) shares: Vec<&'static str>,
    /// In the order of a round.
    pub(super) cases: Vec<Case<P>>,
    pub(super) rounds: HashMap<Case<P>, Vec<Measured>>,
}

/// A part's rate at the highest load within its limit.
#[derive(Clone, Copy, Debug)]
pub struct Headline {
    pub clients: u16,
    pub per_s: f64,
    pub p99_ms: f64,
    /// Whether any load was within the limit; if none was, this is the one with the lowest p99.
    pub is_within: bool,
}

impl<P: Part> Results<P> {
    pub(super) fn new(shares: Vec<&'static str>) -> Self {
        Self {
            shares,
            cases: Vec::new(),
            rounds: HashMap::new(),
        }
    }

    /// Adds a round, and prints it.
    pub(super) fn add(&mut self, case: &Case<P>, number: u8, done: Measured) -> anyhow::Result<()> {
        let (report, granted) = (&done.report, case.subject.granted());
        line(format_args!(
            "round {number}  {:<20} {:>4} clients {:>7.0} a second, p50 {:.2} ms, p99 {:.2} ms; \
             others took {:.0} %{}",
            case.subject.name(),
            case.clients,
            report.rate(granted),
            report.latency_ms(granted, 0.5),
            report.latency_ms(granted, 0.99),
            done.others_cores * 100.0,
            version_mark(case.version),
        ))?;
        for (outcome, count) in report.others(&[granted]) {
            line(format_args!("         also {count} times {outcome}"))?;
        }
        let name = case.subject.name();
        ensure!(report.rate(granted) > 0.0, "{name}: nothing was granted");
        if !self.rounds.contains_key(case) {
            self.cases.push(*case);
        }
        self.rounds.entry(*case).or_default().push(done);
        Ok(())
    }

    /// Whether a case of a ramp is not worth measuring: fewer clients were far beyond the limit already.
    pub(super) fn is_beyond_limit(&self, case: &Case<P>) -> bool {
        let Some(limit_ms) = case.ramp_limit_ms() else {
            return false;
        };
        let mut smaller = self.cases.iter().filter(|one| {
            (one.subject, one.version) == (case.subject, case.version) && one.clients < case.clients
        });
        smaller.any(|one| self.latency_ms(one, 0.99) > Some(limit_ms * FAR_BEYOND))
    }

    /// The first version's case of a part.
    #[must_use]
    pub fn part(&self, part: P, clients: u16) -> Case<P> {
        Case {
            subject: Subject::Part(part),
            clients,
            version: 0,
        }
    }

    #[must_use]
    pub fn baseline(&self, baseline: Baseline, clients: u16) -> Case<P> {
        Case {
            subject: Subject::Baseline(baseline),
            clients,
            version: 0,
        }
    }

    /// The first version's cases of a part, that were measured.
    pub fn of_part(&self, part: P) -> impl Iterator<Item = &Case<P>> {
        let of_part = move |case: &&Case<P>| case.subject == Subject::Part(part);
        let cases = self.cases.iter().filter(of_part);
        cases.filter(|case| case.version == 0)
    }

    /// The rate of the row lock at 64 clients, the common baseline.
    #[must_use]
    pub fn row_lock(&self) -> Option<f64> {
        self.rate(&self.baseline(Baseline::RowLock, 64))
    }

    /// Highest rate among a part's cases.
    #[must_use]
    pub fn best_rate(&self, part: P) -> Option<f64> {
        let of_part = self.of_part(part);
        of_part.filter_map(|case| self.rate(case)).reduce(f64::max)
    }

    /// The highest load of a part within its limit; if none is, the one with the lowest p99.
    #[must_use]
    pub fn headline(&self, part: P) -> Option<Headline> {
        let limit_ms = part.p99_limit_ms().unwrap_or(f64::INFINITY);
        let measured: Vec<Headline> = self
            .of_part(part)
            .filter_map(|case| {
                let p99_ms = self.latency_ms(case, 0.99)?;
                Some(Headline {
                    clients: case.clients,
                    per_s: self.rate(case)?,
                    p99_ms,
                    is_within: p99_ms <= limit_ms,
                })
            })
            .collect();
        let within = measured.iter().filter(|one| one.is_within);
        let highest = within.max_by_key(|one| one.clients);
        let shortest = || measured.iter().min_by(|a, b| a.p99_ms.total_cmp(&b.p99_ms));
        highest.or_else(shortest).copied()
    }

    /// Successful requests per second.
    #[must_use]
    pub fn rate(&self, case: &Case<P>) -> Option<f64> {
        self.median_of(case, |done| Some(done.report.rate(case.subject.granted())))
    }

    /// A latency quantile of the successful requests, in milliseconds.
    #[must_use]
    pub fn latency_ms(&self, case: &Case<P>, quantile: f64) -> Option<f64> {
        let granted = case.subject.granted();
        self.median_of(case, |done| Some(done.report.latency_ms(granted, quantile)))
    }

    /// Processor time of one successful request in milliseconds: services, PostgreSQL and Redis together.
    #[must_use]
    pub fn cpu_ms(&self, case: &Case<P>) -> Option<f64> {
        self.median_of(case, |done| {
            let shares = self.shares.iter().zip(&done.cpu.seconds);
            let counted = shares.filter(|(name, _)| !name.starts_with('.') && **name != "load");
            let seconds: f64 = counted.map(|(_, seconds)| seconds).sum();
            Some(seconds * 1000.0 / granted_by(case, done)?)
        })
    }

    /// Processor time of one successful request by process group.
    pub(super) fn cpu_ms_of_share(&self, case: &Case<P>, share: usize) -> Option<f64> {
        self.median_of(case, |done| {
            Some(done.cpu.seconds.get(share)? * 1000.0 / granted_by(case, done)?)
        })
    }

    /// Cores kept busy by a process group.
    pub(super) fn cores_of_share(&self, case: &Case<P>, share: usize) -> Option<f64> {
        self.median_of(case, |done| done.cpu.cores().get(share).copied())
    }

    /// Durable commits of one successful request, by database.
    pub(super) fn commits(&self, case: &Case<P>) -> BTreeMap<&str, f64> {
        let rounds = self.rounds.get(case).into_iter().flatten();
        let written = rounds.filter_map(|done| done.written.as_ref());
        let names = written.flat_map(|written| written.commits.keys());
        names
            .filter_map(|name| {
                let of_one = |done: &Measured| {
                    let written = done.written.as_ref()?;
                    let commits = written.commits.get(name).copied().unwrap_or_default();
                    Some(as_number(u64::try_from(commits).ok()?) / granted_by(case, done)?)
                };
                Some((name.as_str(), self.median_of(case, of_one)?))
            })
            .collect()
    }

    /// Bytes of the write-ahead log of one successful request.
    pub(super) fn log_bytes(&self, case: &Case<P>) -> Option<f64> {
        self.median_of(case, |done| {
            let bytes = u64::try_from(done.written.as_ref()?.bytes).ok()?;
            Some(as_number(bytes) / granted_by(case, done)?)
        })
    }

    fn median_of(&self, case: &Case<P>, number: impl Fn(&Measured) -> Option<f64>) -> Option<f64> {
        let numbers: Vec<f64> = self.rounds.get(case)?.iter().filter_map(number).collect();
        median(&numbers)
    }
}

/// Successful requests, the warm-up's included: the processor time includes it too.
fn granted_by<P: Part>(case: &Case<P>, done: &Measured) -> Option<f64> {
    let granted = done.report.tally().total(case.subject.granted());
    (granted > 0).then(|| as_number(granted))
}

/// Nothing for the first version.
pub(super) fn version_mark(version: usize) -> String {
    match version {
        0 => String::new(),
        further => format!("  [version {}]", further + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use loadgen::stats::{Outcome, Phase, Report, Tally};
    use test_stack::cores::CpuUse;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
    enum One {
        Part,
    }

    const GRANTED: Outcome = Outcome::Status(200);

    impl Part for One {
        const MAX_REQUESTS: u64 = 1;
        const SETTLING: Duration = Duration::ZERO;

        fn name(self) -> &'static str {
            "part"
        }

        fn clients(self) -> &'static [u16] {
            &[1, 512]
        }

        fn ramp(self) -> &'static [u16] {
            &[64, 128, 256]
        }

        fn p99_limit_ms(self) -> Option<f64> {
            Some(100.0)
        }

        fn granted(self) -> Outcome {
            GRANTED
        }
    }

    /// A round of 10 requests in a second, each of the same latency, and 0.5 s of processor time.
    fn round(latency_ms: u64) -> Measured {
        let mut tally = Tally::new().unwrap();
        for _ in 0..10 {
            tally.record(GRANTED, Duration::from_millis(latency_ms), Phase::Measured);
        }
        Measured {
            report: Report::new(tally, Duration::from_secs(1)),
            cpu: CpuUse {
                passed: Duration::from_secs(1),
                seconds: vec![0.2, 0.3, 0.1, 0.7],
            },
            others_cores: 0.0,
            written: None,
        }
    }

    fn measured(latencies_ms: &[(u16, &[u64])]) -> Results<One> {
        let mut results = Results::new(vec!["service", "postgres", ".part", "load"]);
        for (clients, rounds) in latencies_ms {
            let case = results.part(One::Part, *clients);
            for latency_ms in *rounds {
                results.add(&case, 1, round(*latency_ms)).unwrap();
            }
        }
        results
    }

    #[test]
    fn the_highest_load_within_the_limit_counts() {
        let results = measured(&[(1, &[5]), (64, &[90]), (128, &[99, 400, 98]), (256, &[150])]);
        let headline = results.headline(One::Part).unwrap();
        assert_eq!((headline.clients, headline.is_within), (128, true));
        let none = measured(&[(64, &[130]), (128, &[120])]);
        let headline = none.headline(One::Part).unwrap();
        assert_eq!((headline.clients, headline.is_within), (128, false));
    }

    #[test]
    fn a_ramp_ends_far_beyond_its_limit() {
        let results = measured(&[(64, &[110]), (128, &[230])]);
        let is_beyond = |clients| results.is_beyond_limit(&results.part(One::Part, clients));
        assert!(!is_beyond(128), "fewer clients are just beyond the limit");
        assert!(is_beyond(256));
        assert!(!is_beyond(512), "always measured");
        let other_version = Case {
            version: 1,
            ..results.part(One::Part, 256)
        };
        assert!(!results.is_beyond_limit(&other_version));
    }

    #[test]
    fn processor_time_leaves_out_the_load_and_counts_parts_once() {
        let results = measured(&[(1, &[5])]);
        let cpu_ms = results.cpu_ms(&results.part(One::Part, 1)).unwrap();
        assert!((cpu_ms - 50.0).abs() < 1e-9, "{cpu_ms}");
    }
}
