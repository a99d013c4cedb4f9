//! What a trial found, as it is written to JSON and read again to be compared.
//!
//! Successes, refusals and failures are apart everywhere: their sum is no measure of anything.

use serde::{Deserialize, Serialize};

use crate::capacity::CapacityReport;
use crate::machine::Machine;
use crate::outcome::Kind;
use crate::scenario::Scenario;
use crate::verdict::{Finding, RecordedSales};

/// The form of the JSON: raised when a field changes its meaning.
pub const FORM: u32 = 1;

/// A whole trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialReport {
    /// The form of this document.
    pub form: u32,
    /// When it began (RFC 3339).
    pub started_at: String,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// What it ran on.
    pub machine: Machine,
    /// Names and versions of what was measured.
    pub versions: Vec<(String, String)>,
    /// What was asked for, by name.
    pub settings: Vec<(String, String)>,
    /// The scenarios that were run.
    pub scenarios: Vec<ScenarioReport>,
    /// Those that could not be run, and why.
    pub skipped: Vec<(Scenario, String)>,
    /// What the capacity finder found, where it was asked for.
    pub capacity: Option<CapacityReport>,
    /// What the audit of the three databases says, if they could be read.
    pub audit: Option<AuditReport>,
    /// Whether anything was sold too much or too little.
    pub verdict: TrialVerdict,
}

/// The end of it all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialVerdict {
    /// Nothing is wrong: the exit code is 0.
    pub passed: bool,
    /// Units that were sold too much.
    pub oversold: u64,
    /// Units that could have been sold.
    pub undersold: u64,
    /// What is wrong, in words.
    pub reasons: Vec<String>,
}

/// What the audit says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Every invariant holds across the three databases.
    pub clean: bool,
    /// How many violations there are.
    pub violations: u64,
    /// Confirmed bookings that were to be paid.
    pub confirmed_to_pay: u64,
    /// Charges of bookings that were kept.
    pub charges_kept: u64,
}

/// A scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioReport {
    /// Which.
    pub scenario: Scenario,
    /// Its steps: a closed loop first, then fixed rates.
    pub steps: Vec<Step>,
    /// What was wrong with what was sold.
    pub finding: Finding,
}

/// One load, and what was sold under it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// How requests were sent.
    pub pace: StepPace,
    /// How many clients there were.
    pub clients: usize,
    /// How long load was made before it was measured, in seconds.
    pub warm_up_s: f64,
    /// How long it was measured, in seconds.
    pub measured_s: f64,
    /// Measured requests that no client was free to send in time.
    pub missed: u64,
    /// What became of the measured requests, the most frequent first of each kind.
    pub outcomes: Vec<OutcomeCount>,
    /// The same by kind, with latencies in milliseconds.
    pub kinds: Vec<KindCount>,
    /// Answers by the quarter of a second in which they came.
    pub timeline: Vec<Slot>,
    /// How many cores each process kept busy, where they are known.
    pub cores: Vec<(String, f64)>,
    /// How many cores programs kept busy that have nothing to do with it, where that is known.
    pub others_cores: Option<f64>,
    /// What was sold, by what it is.
    pub sales: Vec<SaleReport>,
}

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepPace {
    /// Each client sends its next when the last was answered.
    Closed,
    /// At this rate a second, whatever becomes of the others.
    Open(u32),
}

/// How many requests came to an outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeCount {
    /// The outcome.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// How many.
    pub count: u64,
}

/// All requests of a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KindCount {
    /// The kind.
    pub kind: Kind,
    /// How many.
    pub count: u64,
    /// How many a second.
    pub per_s: f64,
    /// Their latency, where there are any.
    pub latency: Option<Latency>,
}

/// Latencies in milliseconds. At a fixed rate they count from the time at which the request was to be
/// sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of the requests took no longer.
    pub p50_ms: f64,
    /// Nine of ten.
    pub p90_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// 999 of 1,000.
    pub p999_ms: f64,
    /// All.
    pub max_ms: f64,
}

/// Answers of a quarter of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// When it begins, in seconds after the measured time did.
    pub at_s: f64,
    /// Successes.
    pub success: u64,
    /// Refusals.
    pub refusal: u64,
    /// Failures.
    pub failure: u64,
}

/// What was sold of one kind of products; in units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleReport {
    /// What it is.
    pub name: String,
    /// How many units there were to sell; `None` where there is no end of them.
    pub for_sale: Option<u64>,
    /// Asked for, the warm-up's and those asked for again included.
    pub asked: u64,
    /// Confirmed to customers.
    pub confirmed: u64,
    /// Refused because there were none.
    pub refused: u64,
    /// Not had for another reason, as a declined payment.
    pub failed: u64,
    /// Without a clear answer.
    pub unclear: u64,
    /// Of those confirmed, what customers had only when they asked again: they had been refused too early, which
    /// may be for a second, or what another could not pay for was free again.
    pub sold_on_asking_again: u64,
    /// What the recorded_sales say, by source, without what was sold before.
    pub recorded_sales: Vec<RecordedSales>,
}

impl SaleReport {
    /// Adds another sale of the same kind of products.
    pub(super) fn add(&mut self, more: &Self) {
        let sum =
            |one: Option<u64>, other: Option<u64>| one.zip(other).map(|(one, other)| one + other);
        self.for_sale = sum(self.for_sale, more.for_sale);
        self.asked += more.asked;
        self.confirmed += more.confirmed;
        self.refused += more.refused;
        self.failed += more.failed;
        self.unclear += more.unclear;
        self.sold_on_asking_again += more.sold_on_asking_again;
        for more in &more.recorded_sales {
            let mut known = self.recorded_sales.iter_mut();
            match known.find(|known| known.source == more.source) {
                Some(known) => {
                    known.sold += more.sold;
                    known.free = sum(known.free, more.free);
                    known.held = sum(known.held, more.held);
                }
                None => self.recorded_sales.push(more.clone()),
            }
        }
    }
}

impl Slot {
    /// The answers of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Success => self.success,
            Kind::Refusal => self.refusal,
            Kind::Failure => self.failure,
        }
    }
}

impl Step {
    /// What it counted of a kind.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> Option<&KindCount> {
        self.kinds.iter().find(|count| count.kind == kind)
    }

    /// How many requests a second were of this kind.
    #[must_use]
    pub fn per_s(&self, kind: Kind) -> f64 {
        self.kind(kind).map_or(0.0, |count| count.per_s)
    }

    /// The latency of the kind that the step has most of: that of refusals where nothing was sold.
    #[must_use]
    pub fn main_latency(&self) -> Option<(Kind, Latency)> {
        [Kind::Success, Kind::Refusal, Kind::Failure]
            .into_iter()
            .find_map(|kind| Some((kind, self.kind(kind)?.latency?)))
    }

    /// How it is named beside other steps.
    #[must_use]
    pub fn name(&self) -> String {
        match self.pace {
            StepPace::Closed => format!("closed loop, {} clients", self.clients),
            StepPace::Open(rate) => format!("{rate} a second"),
        }
    }
}
