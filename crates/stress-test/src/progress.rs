//! The progress bar of a load: rate, errors and latency so far.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::measure::latency;
use crate::outcome::Kind;
use loadgen::load::{Plan, Progress};
use loadgen::stats::as_number;

const REDRAWN_EVERY: Duration = Duration::from_millis(250);

/// Removed when dropped. Hidden unless the output is a terminal.
pub(super) struct Bar {
    bar: ProgressBar,
    drawing: JoinHandle<()>,
}

impl Bar {
    pub(super) fn start(title: String, plan: &Plan, live: Arc<Progress>) -> Self {
        let seconds = plan.duration().as_secs().max(1);
        let bar = ProgressBar::new(seconds * 10);
        let style = ProgressStyle::with_template("{prefix:<40} [{bar:24}] {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_prefix(title);
        let drawn = bar.clone();
        let drawing = tokio::spawn(async move {
            let began = Instant::now();
            let mut ticks = interval(REDRAWN_EVERY);
            loop {
                ticks.tick().await;
                let passed = began.elapsed();
                let tenths = u64::try_from(passed.as_millis() / 100).unwrap_or(u64::MAX);
                drawn.set_position(tenths.min(seconds * 10));
                drawn.set_message(so_far(&live, passed));
            }
        });
        Self { bar, drawing }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawing.abort();
        self.bar.finish_and_clear();
    }
}

/// Rates since the start, the warm-up's requests included; latencies of measured requests.
fn so_far(live: &Progress, passed: Duration) -> String {
    let Some(tally) = live.so_far() else {
        return "warming up".to_owned();
    };
    let mut counts = [0_u64; 3];
    for (outcome, count) in tally.totals() {
        match Kind::of(outcome) {
            Kind::Success => counts[0] += count,
            Kind::Refusal => counts[1] += count,
            Kind::Failure => counts[2] += count,
        }
    }
    let per_s = |count: u64| as_number(count) / passed.as_secs_f64().max(0.1);
    let answered = latency(&tally, |one| Kind::of(one) != Kind::Failure);
    format!(
        "{:.0}/s done, {:.0}/s refused, {} failed, {} missed, p50 {:.1} ms, p99 {:.1} ms",
        per_s(counts[0]),
        per_s(counts[1]),
        counts[2],
        tally.missed(),
        answered.p50_ms,
        answered.p99_ms,
    )
}
