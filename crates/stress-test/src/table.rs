//! The report on the terminal.

use std::fmt::Write as _;

use crate::compare::{Change, Judgement};
use crate::outcome::Kind;
use crate::report::CapacityReport;
use crate::report::{SaleReport, Step, StepPace, StressReport};
use crate::scenario::Scenario;
use crate::verdict::Finding;

/// A line for a finished step.
#[must_use]
pub fn step_line(scenario: Scenario, step: &Step, finding: &Finding) -> String {
    let verdict = if finding.is_clean() {
        String::new()
    } else {
        format!(
            "  OVERSOLD {} UNDERSOLD {}",
            finding.oversold, finding.undersold
        )
    };
    format!(
        "{:<17} {:<24}{}{verdict}",
        scenario.name(),
        step.name(),
        numbers(step)
    )
}

fn numbers(step: &Step) -> String {
    let failed = step.kind(Kind::Failure).map_or(0, |failed| failed.count);
    let (p50, p99) = step
        .main_latency()
        .map_or((0.0, 0.0), |(_, latency)| (latency.p50_ms, latency.p99_ms));
    format!(
        "{:>8.0} {:>10.0} {:>7} {:>7} {:>9.1} {:>9.1}",
        step.per_s(Kind::Success),
        step.per_s(Kind::Refusal),
        failed,
        step.missed,
        p50,
        p99
    )
}

/// The header of [`step_line`]'s lines.
#[must_use]
pub fn heads() -> String {
    format!(
        "{:<17} {:<24}{:>8} {:>10} {:>7} {:>7} {:>9} {:>9}",
        "scenario", "load", "done/s", "refused/s", "failed", "missed", "p50 ms", "p99 ms"
    )
}

/// The whole report, in some dozens of lines.
#[must_use]
pub fn table(report: &StressReport) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    write(&mut text, report).ok();
    text
}

fn write(text: &mut String, report: &StressReport) -> std::fmt::Result {
    if !report.scenarios.is_empty() {
        write_scenarios(text, report)?;
    }
    for (scenario, why) in &report.skipped {
        writeln!(text, "{:<17} skipped: {why}", scenario.name())?;
    }
    if let Some(capacity) = &report.capacity {
        writeln!(text, "\n{}", capacity_line(capacity))?;
    }
    write_verdict(text, report)
}

fn write_scenarios(text: &mut String, report: &StressReport) -> std::fmt::Result {
    writeln!(text, "\n{}", heads())?;
    for scenario in &report.scenarios {
        for step in &scenario.steps {
            let name = match step.pace {
                StepPace::Closed => scenario.scenario.name(),
                StepPace::Open(_) if scenario.steps.len() == 1 => scenario.scenario.name(),
                StepPace::Open(_) => "",
            };
            writeln!(text, "{name:<17} {:<24}{}", step.name(), numbers(step))?;
        }
    }
    writeln!(
        text,
        "\n{:<17} {:<22}{:>9} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "sales", "", "for sale", "asked", "confirmed", "refused", "failed", "unclear"
    )?;
    for scenario in &report.scenarios {
        for sale in sales(&scenario.steps) {
            let for_sale = sale
                .for_sale
                .map_or("-".to_owned(), |units| units.to_string());
            writeln!(
                text,
                "{:<17} {:<22}{for_sale:>9} {:>9} {:>9} {:>9} {:>8} {:>8}",
                scenario.scenario.name(),
                sale.name,
                sale.asked,
                sale.confirmed,
                sale.refused,
                sale.failed,
                sale.unclear
            )?;
        }
    }
    Ok(())
}

fn write_verdict(text: &mut String, report: &StressReport) -> std::fmt::Result {
    match &report.audit {
        Some(audit) => writeln!(
            text,
            "\nAudit of the three databases: {} violations; {} charges kept for {} confirmed bookings \
             to pay.",
            audit.violations, audit.charges_kept, audit.confirmed_to_pay
        )?,
        None => writeln!(
            text,
            "\nThe databases were not checked, only the ledgers' proofs."
        )?,
    }
    for reason in &report.verdict.reasons {
        writeln!(text, "WRONG: {reason}")?;
    }
    writeln!(
        text,
        "{} units oversold, {} undersold: {}",
        report.verdict.oversold,
        report.verdict.undersold,
        if report.verdict.passed {
            "passed"
        } else {
            "FAILED"
        }
    )
}

/// The capacity finder's result in a sentence.
#[must_use]
pub fn capacity_line(capacity: &CapacityReport) -> String {
    let name = capacity.scenario.name();
    let carried = match capacity.rate {
        Some(rate) => format!("{name}: {rate} a second sustained"),
        None => format!("{name}: no tried rate was sustained"),
    };
    match &capacity.broke {
        Some(broke) => format!("{carried}; {broke}."),
        None => format!("{carried}; nothing broke."),
    }
}

/// Sales of all steps, by product.
#[must_use]
pub fn sales(steps: &[Step]) -> Vec<SaleReport> {
    let mut all: Vec<SaleReport> = Vec::new();
    for sale in steps.iter().flat_map(|step| &step.sales) {
        let Some(known) = all.iter_mut().find(|known| known.name == sale.name) else {
            all.push(sale.clone());
            continue;
        };
        known.add(sale);
    }
    all
}

/// The comparison of two reports.
#[must_use]
pub fn changes(changes: &[Change]) -> String {
    let mut text = format!(
        "\n{:<62} {:>9} {:>9} {:>6}\n",
        "compared", "then", "now", "ratio"
    );
    for change in changes {
        let ratio = change.ratio();
        let ratio = ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let mark = match change.verdict {
            Judgement::Same => "",
            Judgement::Better => "  better",
            Judgement::Worse => "  WORSE",
        };
        // Writing to a string does not fail.
        writeln!(
            text,
            "{:<62} {:>9.1} {:>9.1} {ratio:>6}{mark}",
            change.what, change.before, change.after
        )
        .ok();
    }
    text
}
