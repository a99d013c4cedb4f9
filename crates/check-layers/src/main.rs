//! Checks which files of the workspace use which: imports go down the layers ([`layers`]), and no files of a
//! crate import each other in a cycle ([`circles`]).
//!
//! It reads source files as tokens ([`scan`]) and follows names through `use` and re-exports to the defining
//! file ([`resolve`]). Expansions of other crates' macros, and method calls, are invisible to it.

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
        root => check::findings(Path::new(root.unwrap_or(".")))?,
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
