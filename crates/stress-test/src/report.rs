//! The report, as it is written to JSON and read again for a comparison.
//!
//! Successes, refusals and failures are kept apart everywhere: their sum measures nothing.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::machine::Machine;
use crate::outcome::Kind;
use crate::scenario::Scenario;
use crate::verdict::{Finding, RecordedSales};

/// Schema version of the JSON: raised when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StressReport {
    /// Schema version; see [`SCHEMA_VERSION`].
    pub form: u32,
    /// RFC 3339.
    pub started_at: String,
    pub took_s: f64,
    pub machine: Machine,
    /// Names and versions of the measured programs.
    pub versions: Vec<(String, String)>,
    /// The test's settings by name.
    pub settings: Vec<(String, String)>,
    pub scenarios: Vec<ScenarioReport>,
    /// Scenarios that could not run, and why.
    pub skipped: Vec<(Scenario, String)>,
    /// The capacity finder's result, if it ran.
    pub capacity: Option<CapacityReport>,
    /// The reconciliation of the three databases, if they could be read.
    pub audit: Option<AuditReport>,
    pub verdict: StressVerdict,
}

/// The overall result; `passed` decides the exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StressVerdict {
    /// Nothing is wrong.
    pub passed: bool,
    pub oversold: u64,
    /// Units that could have been sold.
    pub undersold: u64,
    /// One sentence per violation.
    pub reasons: Vec<String>,
}

/// The result of the reconciliation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Every invariant holds across the three databases.
    pub clean: bool,
    pub violations: u64,
    /// Confirmed bookings that had to be paid.
    pub confirmed_to_pay: u64,
    /// Bookings' charges that were not refunded.
    pub charges_kept: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioReport {
    pub scenario: Scenario,
    /// A closed loop first, then fixed rates.
    pub steps: Vec<Step>,
    pub finding: Finding,
}

/// The capacity finder's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapacityReport {
    pub scenario: Scenario,
    pub limits: Limits,
    /// The highest rate within the limits, per second; `None` if the first exceeded them.
    pub rate: Option<u32>,
    /// The exceeded limit, as a sentence; `None` if none was.
    pub broke: Option<String>,
    /// The tried rates in ascending order.
    pub steps: Vec<Step>,
}

/// One load, and its sales.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub pace: StepPace,
    pub clients: usize,
    pub warm_up_s: f64,
    pub measured_s: f64,
    /// Measured requests that no client was free to send in time.
    pub missed: u64,
    /// Outcomes of the measured requests, the most frequent first within each kind.
    pub outcomes: Vec<OutcomeCount>,
    /// The same by kind, with latencies.
    pub kinds: Vec<KindCount>,
    /// Answers by quarter of a second.
    pub timeline: Vec<Slot>,
    /// Cores busy by process, where known.
    pub cores: Vec<(String, f64)>,
    /// Cores busy with unrelated programs, where known.
    pub others_cores: Option<f64>,
    /// Sales by product.
    pub sales: Vec<SaleReport>,
}

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepPace {
    /// Closed loop: when the client's last request was answered.
    Closed,
    /// Fixed rate per second, whether or not earlier requests were answered.
    Open(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeCount {
    pub name: String,
    pub kind: Kind,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KindCount {
    pub kind: Kind,
    pub count: u64,
    pub per_s: f64,
    /// `None` if there were no requests.
    pub latency: Option<Latency>,
}

/// Latencies in milliseconds. At a fixed rate they count from a request's scheduled start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

/// Answers within a quarter of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Begin in seconds after the warm-up.
    pub at_s: f64,
    pub success: u64,
    pub refusal: u64,
    pub failure: u64,
}

/// Sales of one kind of product, in units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleReport {
    /// Name of the product.
    pub name: String,
    /// `None` if the units are unlimited.
    pub for_sale: Option<u64>,
    /// Requested, warm-up and retries included.
    pub asked: u64,
    /// Confirmed to customers.
    pub confirmed: u64,
    /// Refused as sold out.
    pub refused: u64,
    /// Failed otherwise, as with a declined payment.
    pub failed: u64,
    /// With an unknown outcome.
    pub unclear: u64,
    /// Confirmed units sold on a retry after a false refusal (a stale gate, or a failed payment returned the
    /// units).
    pub sold_on_asking_again: u64,
    /// Recorded sales by source, without those before the load.
    pub recorded_sales: Vec<RecordedSales>,
}

impl SaleReport {
    /// Adds another sale of the same kind of product.
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
    /// Answers of a kind.
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
    #[must_use]
    pub fn kind(&self, kind: Kind) -> Option<&KindCount> {
        self.kinds.iter().find(|count| count.kind == kind)
    }

    #[must_use]
    pub fn per_s(&self, kind: Kind) -> f64 {
        self.kind(kind).map_or(0.0, |count| count.per_s)
    }

    /// The latency of the step's most frequent kind: refusals where nothing was sold.
    #[must_use]
    pub fn main_latency(&self) -> Option<(Kind, Latency)> {
        [Kind::Success, Kind::Refusal, Kind::Failure]
            .into_iter()
            .find_map(|kind| Some((kind, self.kind(kind)?.latency?)))
    }

    /// Name beside other steps.
    #[must_use]
    pub fn name(&self) -> String {
        match self.pace {
            StepPace::Closed => format!("closed loop, {} clients", self.clients),
            StepPace::Open(rate) => format!("{rate} a second"),
        }
    }
}
