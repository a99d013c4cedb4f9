//! `holdfast logs`: replaces itself with `tail`.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::local::print;
use crate::local::settings::Settings;
use crate::local::state::StateDirectory;

pub fn execute(settings: &Settings) -> anyhow::Result<ExitCode> {
    let logs = StateDirectory::find(&settings.state_directory)
        .map(|directory| files(&directory))
        .transpose()?
        .unwrap_or_default();
    if logs.is_empty() {
        print::line("there are no logs yet");
        return Ok(ExitCode::SUCCESS);
    }
    let error = Command::new("tail")
        .args(["-n", "50", "-F"])
        .args(logs)
        .exec();
    Err(error).context("tail can't be run")
}

fn files(directory: &StateDirectory) -> anyhow::Result<Vec<PathBuf>> {
    let mut logs = Vec::new();
    for entry in std::fs::read_dir(directory.logs())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            logs.push(path);
        }
    }
    logs.sort();
    Ok(logs)
}
