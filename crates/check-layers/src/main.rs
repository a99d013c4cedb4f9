//! Checks which file of the workspace may use which: imports go down the floors ([`layers`]), and no files of a
//! crate use each other in a circle ([`circles`]).
//!
//! It reads the source as tokens ([`scan`]) and follows names through `use` and re-exports to the file that defines
//! them ([`resolve`]). What macros of other crates make of their input, and calls of methods, it does not see.

mod check;
mod circles;
mod layers;
mod manifests;
mod references;
mod resolve;
mod scan;
mod self_test;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    let argument = std::env::args().nth(1);
    let findings = match argument.as_deref() {
        Some("--self-test") => self_test::run()?,
        Some(root) => check::findings(Path::new(root))?,
        None => beyond_known(check::findings(Path::new("."))?),
    };
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("Imports go one way: see \"Where things live\" in CONTRIBUTING.md.");
    Ok(ExitCode::FAILURE)
}

/// How many findings each package still has: this list only shrinks.
const KNOWN: &str = include_str!("../known.txt");

/// Without those of packages that have no more than is known.
fn beyond_known(mut findings: Vec<String>) -> Vec<String> {
    let count_of = |findings: &[String], package: &str| {
        let in_package = |finding: &&String| finding.starts_with(package);
        findings.iter().filter(in_package).count()
    };
    for (package, known) in KNOWN.lines().filter_map(|line| line.split_once(' ')) {
        if count_of(&findings, package) <= known.parse().unwrap_or(0) {
            findings.retain(|finding| !finding.starts_with(package));
        }
    }
    findings
}
