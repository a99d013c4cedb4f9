//! `with-test-servers -- COMMAND`: one PostgreSQL and one Redis for all test programs of a command, so that
//! they don't start one each.

use std::io::{IsTerminal, stdin};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use anyhow::Context;
use clap::Parser;
use local_servers::postgres::Durability;
use local_servers::process::ProcessIdentity;
use nix::sys::signal::Signal;
use test_stack::{DATABASE_URL, PrivateServers, REDIS_URL};
use tokio::process::Command;

use local_servers::signals::Signals;

/// Runs a command with a PostgreSQL and a Redis of its own for tests
#[derive(Parser)]
#[command(name = "with-test-servers")]
struct Arguments {
    /// The command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match execute(&Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    // If this is interrupted, the watchdogs end the servers.
    let servers = tokio::select! {
        servers = PrivateServers::start(Durability::Fast) => servers?,
        signal = signals.next() => return Ok(ended_by(signal as i32)),
    };
    let outcome = run(arguments, &servers, &mut signals).await;
    servers.stop().await?;
    outcome.map(exit_code)
}

async fn run(
    arguments: &Arguments,
    servers: &PrivateServers,
    signals: &mut Signals,
) -> anyhow::Result<ExitStatus> {
    let (program, rest) = arguments.command.split_first().context("no command")?;
    // In this process group, so that Ctrl-C reaches it and it may read from the terminal.
    let mut command = Command::new(program)
        .args(rest)
        .env(DATABASE_URL, servers.postgres.url("postgres"))
        .env(REDIS_URL, servers.redis.url())
        .spawn()
        .with_context(|| format!("{program} can't be started"))?;
    let process = command
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(ProcessIdentity::of);
    loop {
        tokio::select! {
            status = command.wait() => return Ok(status?),
            signal = signals.next() => {
                // Ctrl-C reaches both; any other signal reaches this process alone.
                let reaches_both = signal == Signal::SIGINT && stdin().is_terminal();
                if !reaches_both && let Some(process) = process {
                    process.signal(signal);
                }
            }
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        (None, Some(signal)) => ended_by(signal),
        (None, None) => ExitCode::FAILURE,
    }
}

/// 128 + signal, as in a shell.
fn ended_by(signal: i32) -> ExitCode {
    u8::try_from(128 + signal).map_or(ExitCode::FAILURE, ExitCode::from)
}
