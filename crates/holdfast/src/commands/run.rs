//! `holdfast run`: the stack in the foreground, from the first check to the last process.

use std::convert::Infallible;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::local::settings::Settings;
use crate::local::stack::LocalStack;
use crate::local::state::{Lock, StateDirectory};
use crate::local::supervise::supervise;
use crate::local::{banner, orphans, ports, print};
use local_servers::signals::Signals;

pub async fn execute(settings: &Settings, background: bool) -> anyhow::Result<ExitCode> {
    if background {
        nix::unistd::setsid().context("can't detach from the terminal")?;
    }
    let directory = StateDirectory::make(&settings.state_directory)?;
    let _lock = take_over(&directory).await?;
    ports::check(settings)?;
    with_signals(settings, &directory, async |stack| {
        stack.start().await?;
        print::line(banner::banner(settings));
        print::line(if background {
            "`make stop` stops everything, `make logs` follows the logs.".to_owned()
        } else {
            format!(
                "Logs are in {}. Ctrl-C stops everything.",
                directory.logs().display()
            )
        });
        supervise(stack).await.map(|_: Infallible| ())
    })
    .await
}

/// Locks the state directory for this process, and stops the orphans of a killed stack.
pub async fn take_over(directory: &StateDirectory) -> anyhow::Result<Lock> {
    let Some(lock) = directory.lock().await? else {
        let path = directory.path().display();
        match directory.state()?.stack {
            Some(stack) => bail!(
                "a stack already runs in {path} (process {}): `make stop` stops it",
                stack.pid
            ),
            None => bail!("a stack is just starting or stopping in {path}: try again"),
        }
    };
    orphans::stop(directory).await?;
    Ok(lock)
}

/// Runs an action on a new stack until it is done or a signal comes, then stops everything that runs. A
/// second signal kills everything.
pub async fn with_signals(
    settings: &Settings,
    directory: &StateDirectory,
    work: impl AsyncFnOnce(&mut LocalStack<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let mut stack = LocalStack::new(settings, directory)?;
    let outcome = tokio::select! {
        outcome = work(&mut stack) => outcome,
        signal = signals.next() => {
            print::line(format_args!("\n{signal}: stopping everything"));
            Ok(())
        }
    };
    if let Err(error) = &outcome {
        print::failure(error);
        print::line("stopping everything");
    }
    tokio::select! {
        stopped = stack.stop() => stopped?,
        signal = signals.next() => {
            print::line(format_args!("\n{signal}: killing everything"));
            stack.kill().await?;
        }
    }
    print::line("stopped");
    Ok(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}
