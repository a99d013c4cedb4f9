//! One step of a scenario: fresh goods, a load, its end, and the books.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::account::account;
use super::arguments::Arguments;
use super::books::{held, proof, wait_for_rest};
use super::doors::Caller;
use super::ground::Ground;
use super::measure::Measured;
use super::outcome::Kind;
use super::prepared::{Stock, prepare};
use super::progress::Bar;
use super::report::{Step, StepPace};
use super::scenario::{Provider, Scenario};
use super::settle::settle;
use super::shelf::Shelf;
use super::verdict::Finding;
use crate::bench::cores::Cores;
use crate::bench::others::Others;
use crate::load::{self, Live, Pace, Plan};
use crate::stats::Report;

/// A request that no client was free to send within this time of its own is missed.
const SEND_WITHIN: Duration = Duration::from_secs(1);

/// What a closed loop is expected to reach at most, to have enough goods for it.
const FASTEST_PER_S: u64 = 3_000;

/// How many clients there are at least and at most at a fixed rate.
const OPEN_CLIENTS: std::ops::RangeInclusive<usize> = 64..=2048;

/// Runs a step, and judges what was sold.
pub(super) async fn run(
    ground: &Ground,
    arguments: &Arguments,
    shelf: &mut Shelf,
    scenario: Scenario,
    pace: StepPace,
) -> anyhow::Result<(Step, Finding)> {
    ground.tell_provider(Provider::default(), 0).await?;
    let mut caller = Caller::new(&ground.doors);
    let databases = ground.databases.as_ref();
    let mut held_before = Vec::new();
    for door in scenario.ledgers() {
        held_before.push((*door, held(&mut caller, databases, *door).await?));
    }
    let prepared = prepare(
        &mut caller,
        shelf,
        scenario,
        stock(arguments, scenario, pace),
    )
    .await?;
    let mut before = Vec::new();
    for (door, held) in held_before {
        // What was bought to prepare it was confirmed, and is sold a moment later.
        wait_for_rest(&mut caller, databases, door, held).await?;
        before.push((door, proof(&mut caller, door).await?));
    }
    let delay_ms = arguments.provider_ms;
    ground.tell_provider(scenario.provider(), delay_ms).await?;

    let plan = plan(arguments, scenario, pace);
    let title = match pace {
        StepPace::Closed => format!("{}, closed loop", scenario.name()),
        StepPace::Open(rate) => format!("{}, {rate} a second", scenario.name()),
    };
    let live = Arc::new(Live::default());
    let bar = Bar::start(title, &plan, Arc::clone(&live));
    let shares = ground.shares()?;
    let (others, cores) = (Others::now()?, Cores::now(&shares)?);
    let (doors, errand) = (ground.doors.clone(), prepared.errand);
    let report = load::run_watched(plan, Some(live), async move |_| {
        let (mut caller, errand) = (Caller::new(&doors), errand.clone());
        Ok::<_, Infallible>(async move |_| Box::pin(errand.run(&mut caller)).await)
    });
    let report = report.await?;
    let (cores, others) = (cores.since()?, others.cores_since()?);
    drop(bar);

    ground.tell_provider(Provider::default(), 0).await?;
    let settled = settle(ground, &prepared.sales, &before).await?;
    let (sales, mut finding) = account(ground, &prepared.sales, &before, &settled).await?;
    let names = shares.iter().map(|(name, _)| (*name).to_owned());
    let step = Step {
        cores: names.zip(cores).collect(),
        others_cores: ground.is_own().then_some(others),
        sales,
        ..counted(&report, &plan, pace)
    };
    shelf.discard(&prepared.sales);
    if answered_per_s(&step) <= 0.0 {
        let name = scenario.name();
        let reason = format!("{name}: no request was answered as agreed");
        finding.reasons.push(reason);
    }
    Ok((step, finding))
}

fn counted(report: &Report, plan: &Plan, pace: StepPace) -> Step {
    let measured = Measured::of(report);
    Step {
        pace,
        clients: plan.clients,
        warm_up_s: plan.warm_up.as_secs_f64(),
        measured_s: report.measured_for().as_secs_f64(),
        missed: report.tally().missed(),
        outcomes: measured.outcomes,
        kinds: measured.kinds,
        timeline: measured.timeline,
        cores: Vec::new(),
        others_cores: None,
        sales: Vec::new(),
    }
}

fn stock(arguments: &Arguments, scenario: Scenario, pace: StepPace) -> Stock {
    let per_s = match pace {
        StepPace::Closed => FASTEST_PER_S,
        StepPace::Open(rate) => u64::from(rate),
    };
    let seconds = Duration::from_secs_f64(arguments.seconds + arguments.warm_up).as_secs() + 1;
    let expected = (per_s * seconds).min(arguments.max_requests);
    // A capacity is that of selling, not of refusing.
    let unlimited = arguments.find_capacity.then_some(2 * expected);
    let tickets = arguments.tickets.or(unlimited);
    Stock {
        expected,
        tickets: tickets.unwrap_or(scenario.tickets()),
    }
}

fn plan(arguments: &Arguments, scenario: Scenario, pace: StepPace) -> Plan {
    let asked = arguments.clients.map(usize::from);
    let (clients, pace) = match pace {
        StepPace::Closed => (scenario.clients(), Pace::Closed),
        StepPace::Open(per_second) => {
            // As many as requests are under way when each takes as long as it may.
            let clients = per_second / scenario.ends_a_second();
            let clients = usize::try_from(clients).unwrap_or(usize::MAX);
            let pace = Pace::Fixed {
                per_second,
                send_within: SEND_WITHIN,
            };
            (
                clients.clamp(*OPEN_CLIENTS.start(), *OPEN_CLIENTS.end()),
                pace,
            )
        }
    };
    Plan {
        clients: asked.unwrap_or(clients),
        // It drives more requests than the services answer that share the machine with it.
        threads: 1,
        pace,
        warm_up: if scenario.is_a_rush() && !arguments.find_capacity {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(arguments.warm_up)
        },
        measured: Duration::from_secs_f64(arguments.seconds),
        max_requests: arguments.max_requests,
    }
}

/// How many measured requests a second were answered, successes and refusals: what an offered rate is
/// chosen by, and nothing else.
pub(super) fn answered_per_s(step: &Step) -> f64 {
    step.per_s(Kind::Success) + step.per_s(Kind::Refusal)
}
