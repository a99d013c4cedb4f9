//! Searches in this process, timed one by one.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use itinerary::{FlightSlot, Query, Timetable};
use loadgen::console::line;

/// Upper bound of the histogram: no search here takes a minute.
const LONGEST_NS: u64 = 60_000_000_000;

/// Latencies of searches, and the partial itineraries that they examined.
pub struct Timing {
    latencies_ns: Histogram<u64>,
    expanded: Histogram<u64>,
}

impl Timing {
    /// Runs each search once, on this thread.
    pub fn of(
        timetable: &Timetable,
        searches: &[Query],
        is_open: impl Fn(FlightSlot) -> bool,
    ) -> anyhow::Result<Self> {
        let mut timing = Self {
            latencies_ns: Histogram::new_with_max(LONGEST_NS, 3)?,
            expanded: Histogram::new(3)?,
        };
        for search in searches {
            let started = Instant::now();
            let (_, stats) = timetable.search_and_count(search, &is_open)?;
            let passed_ns = u64::try_from(started.elapsed().as_nanos())?;
            timing.latencies_ns.saturating_record(passed_ns);
            timing.expanded.record(stats.expanded)?;
        }
        Ok(timing)
    }

    /// A quantile in milliseconds.
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        let ns = self.latencies_ns.value_at_quantile(quantile);
        Duration::from_nanos(ns).as_secs_f64() * 1000.0
    }

    pub fn max_ms(&self) -> f64 {
        self.quantile_ms(1.0)
    }

    pub fn print(&self, title: &str) -> anyhow::Result<()> {
        line(format_args!(
            "{title:<44} p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms; examined {} partial itineraries, p99 {}",
            self.quantile_ms(0.5),
            self.quantile_ms(0.99),
            self.max_ms(),
            self.expanded.value_at_quantile(0.5),
            self.expanded.value_at_quantile(0.99),
        ))
    }
}
