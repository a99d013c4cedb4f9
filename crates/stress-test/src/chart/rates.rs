//! Successes, refusals and failures per second over time, step after step.

use maud::{Markup, html};

use super::scale::{Scale, label};
use super::{BOTTOM, LEFT, RIGHT, TOP, frame, place, points};
use crate::outcome::Kind;
use crate::report::{Step, StepPace};
use loadgen::stats::{SLOT, as_number};

/// Gap between two steps, in seconds.
const GAP_S: f64 = 0.3;

/// Refusals and failures have lines of their own; nothing is stacked.
#[must_use]
pub fn rates(steps: &[Step]) -> Markup {
    let per_s = |count: u64| as_number(count) / SLOT.as_secs_f64();
    let of_slots = steps
        .iter()
        .flat_map(shown)
        .flat_map(|slot| [slot.success, slot.refusal, slot.failure].map(per_s));
    let offered = steps.iter().filter_map(offered);
    let most = of_slots.chain(offered).fold(1.0, f64::max);
    let length: f64 = steps
        .iter()
        .map(|step| step.measured_s + GAP_S)
        .sum::<f64>()
        - GAP_S;
    let x = Scale::exactly(length.max(1.0), LEFT, RIGHT);
    let y = Scale::linear(most, BOTTOM, TOP);
    let begins = steps.iter().scan(0.0, |begins_at, step| {
        let begins = *begins_at;
        *begins_at += step.measured_s + GAP_S;
        Some(begins)
    });
    let inside = html! {
        @for (step, begins_at) in steps.iter().zip(begins) { (one_step(step, begins_at, &x, &y)) }
    };
    frame(
        "Answers a second over time",
        &x,
        "seconds",
        &y,
        "a second",
        &inside,
    )
}

fn one_step(step: &Step, begins_at: f64, x: &Scale, y: &Scale) -> Markup {
    let line = |kind: Kind| {
        let slots = shown(step).map(|slot| {
            let middle = begins_at + slot.at_s + SLOT.as_secs_f64() / 2.0;
            (
                x.at(middle),
                y.at(as_number(slot.of(kind)) / SLOT.as_secs_f64()),
            )
        });
        slots.collect::<Vec<_>>()
    };
    let (from, to) = (x.at(begins_at), x.at(begins_at + step.measured_s));
    let has = |kind: Kind| step.kind(kind).is_some_and(|count| count.count > 0);
    html! {
        rect.step x=(place(from)) y=(place(TOP)) width=(place(to - from)) height=(place(BOTTOM - TOP)) {}
        text.unit x=(place((from + to) / 2.0)) y="12" text-anchor="middle" {
            @match step.pace {
                StepPace::Closed => { "closed loop" }
                StepPace::Open(rate) => { (label(f64::from(rate))) " a second" }
            }
        }
        @if let Some(rate) = offered(step) {
            line.offered x1=(place(from)) x2=(place(to)) y1=(place(y.at(rate))) y2=(place(y.at(rate))) {
                title { "offered: " (rate) " a second" }
            }
        }
        @for kind in [Kind::Success, Kind::Refusal, Kind::Failure] {
            @if has(kind) {
                polyline class=(format!("line {}", class(kind))) points=(points(line(kind).into_iter())) {
                    title { (class(kind)) ", " (step.name()) }
                }
            }
        }
    }
}

/// The slots of the measured time; later answers are few.
fn shown(step: &Step) -> impl Iterator<Item = &crate::report::Slot> {
    let slot_s = SLOT.as_secs_f64();
    let slots = step.timeline.iter();
    slots.filter(move |slot| slot.at_s + slot_s <= step.measured_s + 0.001)
}

fn offered(step: &Step) -> Option<f64> {
    match step.pace {
        StepPace::Closed => None,
        StepPace::Open(rate) => Some(f64::from(rate)),
    }
}

/// The CSS class of a kind.
pub(super) fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Success => "success",
        Kind::Refusal => "refusal",
        Kind::Failure => "failure",
    }
}
