//! `holdfast start`: `holdfast run` in the background. Its output is shown here until it is ready.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context;
use local_servers::logs;
use local_servers::process::ProcessIdentity;
use nix::sys::signal::Signal;
use tokio::process::Command;
use tokio::time::sleep;

use crate::local::settings::Settings;
use crate::local::state::StateDirectory;
use crate::local::{banner, print};
use local_servers::signals::Signals;

/// 128 + SIGINT, as in a shell.
const INTERRUPTED: u8 = 130;
const POLL: Duration = Duration::from_millis(100);

pub async fn execute(settings: &Settings) -> anyhow::Result<ExitCode> {
    let directory = StateDirectory::make(&settings.state_directory)?;
    if directory.in_use()? && directory.state()?.ready {
        print::line(banner::banner(settings));
        print::line("It was running already.");
        return Ok(ExitCode::SUCCESS);
    }
    let log = directory.fresh_log("stack")?;
    let output = logs::append(&log)?;
    let mut shown = File::open(&log)?;
    shown.seek(SeekFrom::End(0))?;

    let mut signals = Signals::listen()?;
    let mut stack = Command::new(std::env::current_exe()?)
        .args(["run", "--background"])
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("the stack can't be started")?;
    let identity = stack
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(ProcessIdentity::of);
    let mut interrupted = false;
    loop {
        // Checked before the log is read, so that the cause of an end has been shown.
        let ended = stack.try_wait()?;
        let ready = directory
            .state()
            .is_ok_and(|state| state.ready && state.stack == identity);
        show_more(&mut shown)?;
        match ended {
            Some(_) if interrupted => return Ok(ExitCode::from(INTERRUPTED)),
            Some(_) => return Ok(ExitCode::FAILURE),
            None if ready && !interrupted => return Ok(ExitCode::SUCCESS),
            None => {}
        }
        tokio::select! {
            () = sleep(POLL) => {}
            _ = signals.next() => {
                interrupted = true;
                identity.map(|stack| stack.signal(Signal::SIGTERM));
            }
        }
    }
}

fn show_more(log: &mut File) -> anyhow::Result<()> {
    let mut text = Vec::new();
    log.read_to_end(&mut text)?;
    print::bytes(&text);
    Ok(())
}
