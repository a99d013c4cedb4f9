//! One step of a scenario: fresh products, a load, the drain, and the reconciliation.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crate::arguments::Arguments;
use crate::drain::drain;
use crate::endpoints::Caller;
use crate::flight_fixtures::FlightFixtures;
use crate::measure::Measured;
use crate::outcome::Kind;
use crate::prepared::{Stock, prepare};
use crate::progress::Bar;
use crate::reconcile::reconcile;
use crate::recorded_sales::{held, proof, wait_for_rest};
use crate::report::{Step, StepPace};
use crate::scenario::{Provider, Scenario};
use crate::target::TargetEnvironment;
use crate::verdict::Finding;
use loadgen::load::{self, Pace, Plan, Progress};
use loadgen::stats::Report;
use test_stack::background_load::BackgroundLoad;
use test_stack::cores::Cores;

/// A request that no client was free to send so soon after its scheduled start is missed.
const SEND_WITHIN: Duration = Duration::from_secs(1);

/// Upper bound of a closed loop's expected rate, to create enough units for it.
const FASTEST_PER_S: u64 = 3_000;

/// Bounds of the number of clients at a fixed rate.
const OPEN_CLIENTS: std::ops::RangeInclusive<usize> = 64..=2048;

/// Runs a step, and judges its sales.
pub(super) async fn run(
    target: &TargetEnvironment,
    arguments: &Arguments,
    flight_fixtures: &mut FlightFixtures,
    scenario: Scenario,
    pace: StepPace,
) -> anyhow::Result<(Step, Finding)> {
    target.configure_mock(Provider::default(), 0).await?;
    let mut caller = Caller::new(&target.endpoints);
    let databases = target.databases.as_ref();
    let mut held_before = Vec::new();
    for endpoint in scenario.ledgers() {
        held_before.push((*endpoint, held(&mut caller, databases, *endpoint).await?));
    }
    let prepared = prepare(
        &mut caller,
        flight_fixtures,
        scenario,
        stock(arguments, scenario, pace),
    )
    .await?;
    let mut before = Vec::new();
    for (endpoint, held) in held_before {
        // Preparatory purchases were confirmed, and are sold a moment later.
        wait_for_rest(&mut caller, databases, endpoint, held).await?;
        before.push((endpoint, proof(&mut caller, endpoint).await?));
    }
    let delay_ms = arguments.provider_ms;
    target.configure_mock(scenario.provider(), delay_ms).await?;

    let plan = plan(arguments, scenario, pace);
    let title = match pace {
        StepPace::Closed => format!("{}, closed loop", scenario.name()),
        StepPace::Open(rate) => format!("{}, {rate} a second", scenario.name()),
    };
    let live = Arc::new(Progress::default());
    let bar = Bar::start(title, &plan, Arc::clone(&live));
    let shares = target.shares()?;
    let (others, cores) = (BackgroundLoad::now()?, Cores::now(&shares)?);
    let (endpoints, flow) = (target.endpoints.clone(), prepared.flow);
    let report = load::run_watched(plan, Some(live), async move |_| {
        let (mut caller, flow) = (Caller::new(&endpoints), flow.clone());
        Ok::<_, Infallible>(async move |_| Box::pin(flow.run(&mut caller)).await)
    });
    let report = report.await?;
    let (cores, others) = (cores.since()?.cores(), others.cores_since()?);
    drop(bar);

    target.configure_mock(Provider::default(), 0).await?;
    let settled = drain(target, &prepared.sales, &before).await?;
    let (sales, mut finding) = reconcile(target, &prepared.sales, &before, &settled).await?;
    let names = shares.iter().map(|(name, _)| (*name).to_owned());
    let step = Step {
        cores: names.zip(cores).collect(),
        others_cores: target.is_own().then_some(others),
        sales,
        ..counted(&report, &plan, pace)
    };
    flight_fixtures.discard(&prepared.sales);
    if answered_per_s(&step) <= 0.0 {
        let name = scenario.name();
        let reason = format!("{name}: no request was answered according to the contract");
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
    // Capacity is measured on sales, not on refusals.
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
            // As many as are in flight when each request takes its longest.
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
        // One thread generates more requests than the services answer that share the machine with it.
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

/// Measured requests answered per second, successes and refusals: the base of the fixed rates, and nothing
/// else.
pub(super) fn answered_per_s(step: &Step) -> f64 {
    step.per_s(Kind::Success) + step.per_s(Kind::Refusal)
}
