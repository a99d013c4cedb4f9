//! `holdfast remove`: deletes everything that the stack keeps on disk.

use std::process::ExitCode;

use anyhow::Context;
use local_servers::postgres;

use super::run::take_over;
use crate::local::print;
use crate::local::settings::Settings;
use crate::local::state::StateDirectory;

pub async fn execute(settings: &Settings) -> anyhow::Result<ExitCode> {
    let Some(directory) = StateDirectory::find(&settings.state_directory) else {
        return Ok(ExitCode::SUCCESS);
    };
    // Refuses while a stack runs.
    let _lock = take_over(&directory).await?;
    // PostgreSQL's data may be outside the state directory.
    postgres::remove(&directory.postgres()).await?;
    let path = directory.path();
    std::fs::remove_dir_all(path)
        .with_context(|| format!("{} can't be removed", path.display()))?;
    print::line(format_args!("removed {}", path.display()));
    Ok(ExitCode::SUCCESS)
}
