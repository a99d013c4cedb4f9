//! `holdfast status`: the running processes, and whether they are ready.

use std::process::ExitCode;

use local_servers::database::connect;
use local_servers::redis;

use crate::local::settings::{Place, Settings, redis_address};
use crate::local::stack::database_url;
use crate::local::state::{Part, StateDirectory};
use crate::local::{orphans, print, probe};

/// Exit code when nothing runs, as of `systemctl status`.
const STOPPED: u8 = 3;

pub async fn execute(settings: &Settings) -> anyhow::Result<ExitCode> {
    let Some(directory) = StateDirectory::find(&settings.state_directory) else {
        print::line("stopped");
        return Ok(ExitCode::from(STOPPED));
    };
    let state = directory.state()?;
    if !directory.in_use()? {
        print::line("stopped");
        for (name, process) in orphans::find(&state) {
            print::line(format_args!(
                "{name} (process {}) was left running by a stack that was killed: `make stop` stops it",
                process.pid
            ));
        }
        return Ok(ExitCode::from(STOPPED));
    }
    let mut all_ready = state.ready;
    for part in &state.parts {
        let ready = probe(settings, &directory, part).await;
        all_ready &= ready.is_ok();
        let port = part
            .port
            .map_or("existing".to_owned(), |port| format!("port {port}"));
        let process = part
            .process
            .map_or(String::new(), |process| format!("process {}", process.pid));
        let ready = ready.map_or_else(|reason| format!("not ready: {reason}"), |()| "ready".into());
        print::line(format_args!(
            "{:<16} {port:<11} {process:<16} {ready}",
            part.name
        ));
    }
    if !state.ready {
        print::line("starting or stopping");
    }
    Ok(if all_ready {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn probe(settings: &Settings, directory: &StateDirectory, part: &Part) -> Result<(), String> {
    match (part.name.as_str(), part.port) {
        ("PostgreSQL", port) => {
            let mut settings = settings.clone();
            if let Some(port) = port {
                // The port that it was started with, whatever the variables say now.
                settings.postgres = Place::Private(port);
            }
            let url = database_url(&settings, directory, "postgres").await;
            let url = url.map_err(|error| format!("{error:#}"))?;
            connect(&url)
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        }
        ("Redis", port) => {
            let address = match (&settings.redis, port) {
                (_, Some(port)) => Some(("127.0.0.1".to_owned(), port)),
                (Place::Existing(url), None) => redis_address(url),
                (Place::Private(_), None) => None,
            };
            match address {
                Some((host, port)) if redis::answers(&host, port).await => Ok(()),
                _ => Err("no answer".to_owned()),
            }
        }
        (_, Some(port)) => probe::service(port).await,
        (_, None) => Err("no port".to_owned()),
    }
}
