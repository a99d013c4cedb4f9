//! A whole test: the scenarios in turn, the reconciliation, the verdict.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reconcile::Options;

use crate::arguments::Arguments;
use crate::capacity::{MOST_TRIES, Search, broken};
use crate::endpoints::Caller;
use crate::flight_fixtures::FlightFixtures;
use crate::limits::Limits;
use crate::machine::Machine;
use crate::products;
use crate::report::CapacityReport;
use crate::report::{
    AuditReport, SCHEMA_VERSION, ScenarioReport, StepPace, StressReport, StressVerdict,
};
use crate::scenario::{Provider, Scenario};
use crate::step::{self, answered_per_s};
use crate::table;
use crate::target::TargetEnvironment;
use crate::verdict::Finding;
use loadgen::console::line;
use test_stack::unless_interrupted;

/// Fixed rates after a closed loop, in percent of its rate: well below the limit, and near it.
const OFFERED_PERCENT: [f64; 2] = [50.0, 80.0];

/// Lower bound of a fixed rate, per second.
const LOWEST_RATE: f64 = 10.0;

/// Reasons listed: enough to see what is wrong.
const LISTED_REASONS: usize = 20;

/// Runs the requested test. When interrupted it restores the services before it ends; a second interruption
/// ends it at once.
///
/// # Errors
/// When a service can't be reached or answers against the contract, and when interrupted.
pub async fn run(arguments: &Arguments) -> anyhow::Result<StressReport> {
    arguments.check()?;
    let began = (Instant::now(), jiff::Timestamp::now());
    if !arguments.names_addresses() && !arguments.running {
        line("Starting PostgreSQL, Redis and the services …")?;
    }
    let target = unless_interrupted(Box::pin(TargetEnvironment::find(arguments))).await?;
    line(format_args!(
        "Load goes to {}.\n\n{}",
        target.name,
        table::heads()
    ))?;
    let outcome = unless_interrupted(Box::pin(on(&target, arguments, began))).await;
    let left = unless_interrupted(target.leave()).await;
    // The test's error first, then one of the clean-up.
    match (outcome, left) {
        (Ok(report), Ok(())) => Ok(report),
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
    }
}

async fn on(
    target: &TargetEnvironment,
    arguments: &Arguments,
    (began, started_at): (Instant, jiff::Timestamp),
) -> anyhow::Result<StressReport> {
    let mut report = StressReport {
        form: SCHEMA_VERSION,
        started_at: started_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        took_s: 0.0,
        machine: Machine::this(),
        versions: versions(target, arguments).await,
        settings: arguments.settings(&target.name),
        scenarios: Vec::new(),
        skipped: Vec::new(),
        capacity: None,
        audit: None,
        verdict: StressVerdict::default(),
    };
    let (mut finding, mut flight_fixtures) = (
        Finding::default(),
        FlightFixtures::new(target.endpoints.clone()),
    );
    if arguments.find_capacity {
        let (capacity, found) =
            Box::pin(find_capacity(target, arguments, &mut flight_fixtures)).await?;
        report.capacity = Some(capacity);
        finding = finding.and(found);
    } else {
        for scenario in arguments.scenarios() {
            if let Some(why) = impossible(target, scenario).await? {
                line(format_args!("{}: skipped, {why}", scenario.name()))?;
                report.skipped.push((scenario, why));
                continue;
            }
            let done = Box::pin(run_scenario(
                target,
                arguments,
                &mut flight_fixtures,
                scenario,
            ))
            .await?;
            finding = finding.and(done.finding.clone());
            report.scenarios.push(done);
        }
    }
    report.audit = audit(target).await?;
    report.verdict = verdict(finding, report.audit.as_ref());
    report.took_s = (began.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    Ok(report)
}

/// Why a scenario can't run in this environment.
async fn impossible(
    target: &TargetEnvironment,
    scenario: Scenario,
) -> anyhow::Result<Option<String>> {
    if scenario.provider() != Provider::default() && !target.has_mock() {
        return Ok(Some("the payment provider is not the mock".to_owned()));
    }
    if scenario == Scenario::HotSale
        && !products::sells_events(&mut Caller::new(&target.endpoints)).await?
    {
        return Ok(Some(
            "this booking-service sells no event tickets".to_owned(),
        ));
    }
    Ok(None)
}

async fn run_scenario(
    target: &TargetEnvironment,
    arguments: &Arguments,
    flight_fixtures: &mut FlightFixtures,
    scenario: Scenario,
) -> anyhow::Result<ScenarioReport> {
    let mut report = ScenarioReport {
        scenario,
        steps: Vec::new(),
        finding: Finding::default(),
    };
    let mut take = async |pace| -> anyhow::Result<f64> {
        let (step, finding) = Box::pin(step::run(
            target,
            arguments,
            flight_fixtures,
            scenario,
            pace,
        ))
        .await?;
        line(table::step_line(scenario, &step, &finding))?;
        let answered = answered_per_s(&step);
        report.finding = std::mem::take(&mut report.finding).and(finding);
        report.steps.push(step);
        Ok(answered)
    };
    if let Some(rate) = arguments.rate {
        take(StepPace::Open(rate)).await?;
        return Ok(report);
    }
    let carried = take(StepPace::Closed).await?;
    for percent in OFFERED_PERCENT {
        let rate = (carried * percent / 100.0).max(LOWEST_RATE);
        take(StepPace::Open(whole(rate)?)).await?;
    }
    Ok(report)
}

/// Truncates a rate to an integer.
fn whole(rate: f64) -> anyhow::Result<u32> {
    let text = format!("{rate:.0}");
    text.parse().with_context(|| format!("no rate: {rate}"))
}

async fn find_capacity(
    target: &TargetEnvironment,
    arguments: &Arguments,
    flight_fixtures: &mut FlightFixtures,
) -> anyhow::Result<(CapacityReport, Finding)> {
    let scenario = arguments.scenario.first().copied();
    let scenario = scenario.unwrap_or(Scenario::Bookings);
    if let Some(why) = impossible(target, scenario).await? {
        bail!("{} can't be run: {why}", scenario.name());
    }
    let limits = Limits {
        p99_ms: arguments.p99_ms,
        errors_percent: arguments.errors,
    };
    let cores = Machine::this().cores;
    let (mut search, mut finding) = (Search::default(), Finding::default());
    let (mut steps, mut first_broken) = (Vec::new(), None::<(u32, String)>);
    // A rate that fails once is tried again: another program may have disturbed it.
    let mut doubted = None;
    while let Some(rate) = search.next().filter(|_| steps.len() < MOST_TRIES) {
        let pace = StepPace::Open(rate);
        let (step, found) = Box::pin(step::run(
            target,
            arguments,
            flight_fixtures,
            scenario,
            pace,
        ))
        .await?;
        line(table::step_line(scenario, &step, &found))?;
        let broke = broken(&step, &limits, cores);
        if let Some(what) = &broke {
            line(format_args!("    limit exceeded: {what}"))?;
        }
        steps.push(step);
        finding = finding.and(found);
        if broke.is_some() && doubted != Some(rate) {
            doubted = Some(rate);
            continue;
        }
        search.tried(rate, broke.is_none());
        if let Some(what) = broke {
            let is_lower = first_broken.as_ref().is_none_or(|(known, _)| rate < *known);
            if is_lower {
                first_broken = Some((rate, what));
            }
        }
    }
    steps.sort_by_key(|step| match step.pace {
        StepPace::Closed => 0,
        StepPace::Open(rate) => rate,
    });
    let report = CapacityReport {
        scenario,
        limits,
        rate: search.good(),
        broke: first_broken.map(|(rate, what)| format!("at {rate} a second {what}")),
        steps,
    };
    Ok((report, finding))
}

async fn audit(target: &TargetEnvironment) -> anyhow::Result<Option<AuditReport>> {
    let Some(urls) = target.urls() else {
        return Ok(None);
    };
    let options = Options {
        overdue_after: Duration::from_secs(30),
    };
    let verdict = reconcile::reconcile(urls, &options).await?;
    for violation in &verdict.violations {
        line(violation)?;
    }
    Ok(Some(AuditReport {
        clean: verdict.clean,
        violations: verdict.violation_count,
        confirmed_to_pay: verdict.confirmed_to_pay,
        charges_kept: verdict.charges_kept,
    }))
}

fn verdict(finding: Finding, audit: Option<&AuditReport>) -> StressVerdict {
    let is_clean = finding.is_clean();
    let Finding {
        oversold,
        undersold,
        mut reasons,
    } = finding;
    let broken = audit.filter(|audit| !audit.clean);
    if let Some(audit) = broken {
        let count = audit.violations;
        reasons.insert(
            0,
            format!("the reconciliation of the databases found {count} violations"),
        );
    }
    reasons.truncate(LISTED_REASONS);
    StressVerdict {
        passed: is_clean && broken.is_none(),
        oversold,
        undersold,
        reasons,
    }
}

async fn versions(target: &TargetEnvironment, arguments: &Arguments) -> Vec<(String, String)> {
    let mut versions = Vec::new();
    let mut add = |name: &str, version: String| versions.push((name.to_owned(), version));
    let commit = arguments
        .commit
        .as_deref()
        .filter(|commit| !commit.is_empty());
    let commit = commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
    add("Holdfast", format!("{}{commit}", env!("CARGO_PKG_VERSION")));
    if let Some(databases) = &target.databases
        && let Ok(version) = databases.version().await
    {
        add("PostgreSQL", version);
    }
    versions
}
