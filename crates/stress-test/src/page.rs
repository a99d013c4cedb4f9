//! The report as one HTML file: no scripts, no external resources, light and dark, printable.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::chart::scale::label;
use crate::chart::{latencies, outcomes, rates};
use crate::compare::{Change, Judgement};
use crate::outcome::Kind;
use crate::report::CapacityReport;
use crate::report::{ScenarioReport, Step, StressReport};
use crate::table::{capacity_line, sales};

const STYLE: &str = include_str!("page.css");

/// The page; with a comparison if there are changes.
#[must_use]
pub fn page(report: &StressReport, changes: &[Change]) -> String {
    let title = "Stress test";
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) ", " (report.started_at) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p.quiet {
                        (report.started_at) " · " (report.machine.cores) " cores · "
                        (report.scenarios.len()) " scenarios in " (format!("{:.0}", report.took_s)) " s"
                    }
                }
                main {
                    (verdict(report))
                    @if !changes.is_empty() { (comparison(changes)) }
                    @if let Some(capacity) = &report.capacity { (capacity_section(capacity)) }
                    @if !report.scenarios.is_empty() { (overview(report)) }
                    @for scenario in &report.scenarios { (scenario_section(scenario)) }
                    (conditions(report))
                }
            }
        }
    };
    markup.into_string()
}

fn verdict(report: &StressReport) -> Markup {
    let verdict = &report.verdict;
    html! {
        section.verdict.failed[!verdict.passed] {
            div { b { (verdict.oversold) } span { "units oversold" } }
            div { b { (verdict.undersold) } span { "units undersold" } }
            @match &report.audit {
                Some(audit) => {
                    div { b { (audit.violations) } span { "violations in three databases" } }
                    div { b { (audit.charges_kept) } span { "charges kept for " (audit.confirmed_to_pay) " paid bookings" } }
                }
                None => {
                    div { b { "–" } span { "databases not checked" } }
                }
            }
        }
        @for reason in &verdict.reasons { p.wrong { (reason) } }
    }
}

/// One line per scenario: its closed loop, or its only step.
fn overview(report: &StressReport) -> Markup {
    html! {
        section {
            h2 { "Throughput" }
            table {
                thead {
                    tr {
                        th.left { "scenario" } th.left { "load" } th { "done/s" } th { "refused/s" }
                        th { "failed" } th { "p50 ms" } th { "p99 ms" } th { "oversold" } th { "undersold" }
                    }
                }
                tbody {
                    @for scenario in &report.scenarios {
                        @if let Some(step) = scenario.steps.first() {
                            tr {
                                td.left { a href=(format!("#{}", scenario.scenario.name())) { (scenario.scenario.name()) } }
                                td.left.quiet { (step.name()) }
                                (numbers(step))
                                td.bad[scenario.finding.oversold > 0] { (scenario.finding.oversold) }
                                td.bad[scenario.finding.undersold > 0] { (scenario.finding.undersold) }
                            }
                        }
                    }
                }
            }
            @for (scenario, why) in &report.skipped {
                p.quiet { (scenario.name()) " was skipped: " (why) "." }
            }
            p.quiet {
                "Done, refused and failed are counted apart: a refusal such as “sold out” is correct, but no sale."
            }
        }
    }
}

/// Columns that both tables have for a step.
fn numbers(step: &Step) -> Markup {
    let latency = step.main_latency().map(|(_, latency)| latency);
    let failed = step.kind(Kind::Failure).map_or(0, |failed| failed.count);
    html! {
        td { (rate(step, Kind::Success)) }
        td { (rate(step, Kind::Refusal)) }
        td.bad[failed > 0] { (failed) }
        @for at in [latency.map(|latency| latency.p50_ms), latency.map(|latency| latency.p99_ms)] {
            td { (at.map_or("–".to_owned(), milliseconds)) }
        }
    }
}

fn rate(step: &Step, kind: Kind) -> String {
    let per_s = step.per_s(kind);
    if per_s > 0.0 {
        format!("{per_s:.0}")
    } else {
        "–".to_owned()
    }
}

fn milliseconds(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.0}")
    }
}

fn scenario_section(report: &ScenarioReport) -> Markup {
    html! {
        section id=(report.scenario.name()) {
            h2 { (report.scenario.name()) }
            p { (report.scenario.about()) }
            @if !report.finding.is_clean() {
                p.wrong { (report.finding.oversold) " units oversold, " (report.finding.undersold) " undersold" }
            }
            div.charts {
                figure {
                    figcaption { "Answers a second" (kinds_legend()) }
                    (rates(&report.steps))
                }
                figure {
                    figcaption { "Latency over load" (percentiles_legend()) }
                    (latencies(&report.steps))
                }
                figure {
                    figcaption { "Outcomes" }
                    (outcomes(&report.steps))
                    (steps_table(&report.steps))
                }
                figure {
                    figcaption { "What was sold" }
                    (sold(&report.steps))
                }
            }
        }
    }
}

fn kinds_legend() -> Markup {
    html! {
        span.legend {
            i.success {} "done" i.refusal {} "refused" i.failure {} "failed" i.offered {} "offered"
        }
    }
}

fn percentiles_legend() -> Markup {
    html! {
        span.legend { i.p50 {} "p50" i.p90 {} "p90" i.p99 {} "p99" i.p999 {} "p99.9" }
    }
}

fn steps_table(steps: &[Step]) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th.left { "load" } th { "done/s" } th { "refused/s" } th { "failed" } th { "p50 ms" }
                    th { "p99 ms" } th { "missed" }
                }
            }
            tbody {
                @for step in steps {
                    tr { td.left { (step.name()) } (numbers(step)) td.bad[step.missed > 0] { (step.missed) } }
                }
            }
        }
        @if steps.iter().any(|step| step.cores.len() > 1) {
            p.quiet { "Cores busy: " (cores(steps)) "." }
        }
    }
}

/// CPU use by process in the first step; a name with a leading dot is a part of another process group.
fn cores(steps: &[Step]) -> String {
    let Some(step) = steps.first() else {
        return String::new();
    };
    let whole = step.cores.iter().filter(|(name, _)| !name.starts_with('.'));
    let mut parts: Vec<String> = whole
        .map(|(name, cores)| format!("{name} {cores:.2}"))
        .collect();
    if let Some(others) = step.others_cores {
        parts.push(format!("other programs {others:.2}"));
    }
    parts.join(", ")
}

/// Units: as customers were answered, and as they are recorded.
fn sold(steps: &[Step]) -> Markup {
    let sales = sales(steps);
    html! {
        @if sales.is_empty() { p.quiet { "This scenario sells nothing." } }
        @for sale in &sales {
            table {
                caption { (sale.name) }
                tbody {
                    @if let Some(for_sale) = sale.for_sale { tr { td.left { "for sale" } td { (for_sale) } } }
                    tr { td.left { "asked for" } td { (sale.asked) } }
                    tr { td.left { "confirmed to customers" } td { b { (sale.confirmed) } } }
                    tr { td.left { "refused, none left" } td { (sale.refused) } }
                    tr { td.left { "failed, such as by a declined payment" } td { (sale.failed) } }
                    tr { td.left { "outcome unknown" } td { (sale.unclear) } }
                    @if sale.sold_on_asking_again > 0 {
                        tr { td.left { "sold on a retry after a refusal" } td { (sale.sold_on_asking_again) } }
                    }
                    @for recorded_sales in &sale.recorded_sales {
                        tr {
                            td.left { "sold, by " (recorded_sales.source) }
                            td {
                                (recorded_sales.sold)
                                @if let Some(held) = recorded_sales.held.filter(|held| *held > 0) { ", held " (held) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn capacity_section(capacity: &CapacityReport) -> Markup {
    html! {
        section {
            h2 { "Capacity" }
            p.lead { (capacity_line(capacity)) }
            p.quiet {
                "Limits: p99 of " (label(capacity.limits.p99_ms)) " ms, "
                (capacity.limits.errors_percent) " % failed or missed."
            }
            div.charts {
                figure {
                    figcaption { "Latency over load" (percentiles_legend()) }
                    (latencies(&capacity.steps))
                }
                figure {
                    figcaption { "Outcomes" }
                    (outcomes(&capacity.steps))
                }
            }
            (steps_table(&capacity.steps))
        }
    }
}

fn comparison(changes: &[Change]) -> Markup {
    html! {
        section {
            h2 { "Compared with before" }
            table {
                thead { tr { th.left { "number" } th { "then" } th { "now" } th { "ratio" } th.left {} } }
                tbody {
                    @for change in changes {
                        tr {
                            td.left { (change.what) }
                            td { (format!("{:.1}", change.before)) }
                            td { (format!("{:.1}", change.after)) }
                            td { (change.ratio().map_or("–".to_owned(), |ratio| format!("{ratio:.2}"))) }
                            @match change.verdict {
                                Judgement::Same => { td {} }
                                Judgement::Better => { td.left.good { "better" } }
                                Judgement::Worse => { td.left.bad { "worse" } }
                            }
                        }
                    }
                }
            }
            p.quiet { "Unmarked changes are within the variation between runs on one machine." }
        }
    }
}

fn conditions(report: &StressReport) -> Markup {
    let machine = &report.machine;
    let memory = format!("{:.0} GiB", machine.memory_gib);
    let of_machine = [
        ("processor", machine.processor.clone()),
        ("cores", machine.cores.to_string()),
        ("memory", memory),
        ("system", machine.system.clone()),
    ];
    html! {
        section.conditions {
            h2 { "Conditions" }
            table {
                tbody {
                    @for (name, value) in &of_machine { tr { td.left { (name) } td.left { (value) } } }
                    @for (name, value) in report.versions.iter().chain(&report.settings) {
                        tr { td.left { (name) } td.left { (value) } }
                    }
                }
            }
            p.quiet {
                "The load is made on the same machine. In a closed loop each client sends its next request when \
                 the last was answered; at a fixed rate a request’s latency counts from the time at which it was \
                 to be sent, so a slow answer is not hidden by those that it kept from being sent. Oversold and \
                 undersold units are counted from what customers were told, the ledgers and the databases, once \
                 refused customers have asked again."
            }
        }
    }
}
