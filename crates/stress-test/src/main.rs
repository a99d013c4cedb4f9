//! `stress-test`: what `make stress-test` runs. The work is in the library.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use loadgen::console::line;
use stress_test::arguments::Arguments;
use stress_test::compare::compare;
use stress_test::report::{SCHEMA_VERSION, StressReport};
use stress_test::{page, run, table};

/// Exit code without a verdict.
const NO_VERDICT: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match Box::pin(test(&arguments)).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(NO_VERDICT)
        }
    }
}

/// Runs the test, prints and writes the report; returns whether it passed.
async fn test(arguments: &Arguments) -> anyhow::Result<bool> {
    // First, so that a wrong path fails at once and not after minutes.
    let before = arguments.compare.as_ref().map(read).transpose()?;
    let report = run::run(arguments).await?;
    line(table::table(&report))?;
    let changes = before.map(|before| compare(&before, &report));
    if let Some(changes) = &changes {
        line(table::changes(changes))?;
    }
    let out = &arguments.out;
    let write = |name: &str, text: String| {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))
    };
    std::fs::create_dir_all(out).with_context(|| format!("{} can't be made", out.display()))?;
    write("report.json", serde_json::to_string_pretty(&report)? + "\n")?;
    write(
        "report.html",
        page::page(&report, changes.as_deref().unwrap_or_default()),
    )?;
    line(format_args!(
        "The report is in {0}/report.html and {0}/report.json.",
        out.display()
    ))?;
    Ok(report.verdict.passed)
}

fn read(path: &std::path::PathBuf) -> anyhow::Result<StressReport> {
    let text = std::fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
    let report: StressReport = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no report of a stress test", path.display()))?;
    anyhow::ensure!(
        report.form == SCHEMA_VERSION,
        "{} has schema version {}, which can't be compared with version {SCHEMA_VERSION}",
        path.display(),
        report.form
    );
    Ok(report)
}
