//! Outcomes of the requests: a bar per step, a segment per outcome.

use maud::{Markup, html};

use super::rates::class;
use super::{LEFT, RIGHT, WIDTH, place};
use crate::outcome::Kind;
use crate::report::{OutcomeCount, Step, StepPace};
use loadgen::stats::as_number;

const BAR: f64 = 22.0;
const ROW: f64 = 34.0;

/// The chart; each segment has a tooltip.
#[must_use]
pub fn outcomes(steps: &[Step]) -> Markup {
    let height = ROW * as_number(u64::try_from(steps.len()).unwrap_or(0)) + 4.0;
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label="Outcomes" {
            title { "Outcomes of the requests" }
            @for (step, row) in steps.iter().zip(0_u8..) { (bar(step, 4.0 + ROW * f64::from(row))) }
        }
    }
}

fn bar(step: &Step, top: f64) -> Markup {
    let missed = OutcomeCount {
        name: "not sent in time".to_owned(),
        kind: Kind::Failure,
        count: step.missed,
    };
    let parts: Vec<&OutcomeCount> = step.outcomes.iter().chain([&missed]).collect();
    let all: u64 = parts.iter().map(|part| part.count).sum();
    let start = LEFT + 40.0;
    let width = RIGHT - start;
    let present = parts.into_iter().filter(|part| part.count > 0);
    let placed = present.scan(start, |place, part| {
        let share = as_number(part.count) / as_number(all.max(1));
        let (from, wide) = (*place, (share * width).max(1.5));
        *place += wide;
        Some((part, share, from, wide))
    });
    let name = match step.pace {
        StepPace::Closed => "closed loop".to_owned(),
        StepPace::Open(rate) => format!("{rate} a second"),
    };
    html! {
        text.tick x=(start - 8.0) y=(place(top + BAR / 2.0)) dy="0.32em" text-anchor="end" { (name) }
        @for (index, (part, share, from, wide)) in placed.enumerate() {
            // Outcomes of a kind share its colour, and alternate in shade.
            rect class=(class(part.kind)) x=(place(from)) y=(place(top)) width=(place(wide)) height=(BAR)
                fill-opacity=(if index % 2 == 0 { "0.9" } else { "0.6" }) {
                title { (part.name) ": " (part.count) " (" (format!("{:.1}", share * 100.0)) " %)" }
            }
            @if wide > 90.0 {
                text.inside x=(place(from + 6.0)) y=(place(top + BAR / 2.0)) dy="0.34em" {
                    (part.name) " " (format!("{:.0}", share * 100.0)) " %"
                }
            }
        }
    }
}
