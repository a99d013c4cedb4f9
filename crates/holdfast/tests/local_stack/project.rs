//! A project directory of one test, with `holdfast` and stand-ins for the services side by side.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use local_servers::ports::free_port;
use local_servers::process::ProcessIdentity;
use local_servers::temporary_directory::TemporaryDirectory;
use nix::sys::signal::Signal;
use serde_json::Value;
use test_stack::{wait_for, wait_until};

/// Set for a stand-in: the test binary then serves instead of testing.
const STAND_IN: &str = "HOLDFAST_STAND_IN";
const SOON: Duration = Duration::from_secs(60);

pub struct Project {
    scratch: TemporaryDirectory,
    pub flight_port: u16,
    pub booking_port: u16,
    ports: Vec<(&'static str, u16)>,
}

impl Project {
    pub fn new() -> anyhow::Result<Self> {
        let scratch = TemporaryDirectory::new("project")?;
        let here = scratch.path();
        for directory in ["bin", "data/demo", "data/us-week"] {
            fs::create_dir_all(here.join(directory))?;
        }
        let holdfast = Path::new(env!("CARGO_BIN_EXE_holdfast"));
        let beside = here.join("bin/holdfast");
        if fs::hard_link(holdfast, &beside).is_err() {
            fs::copy(holdfast, &beside)?;
        }
        let script = format!(
            "#!/bin/sh\n\
             [ \"$1\" = import ] && echo \"$@\" >> imports && exit\n\
             [ -e broken ] && echo this service is broken && exit 1\n\
             exec env {STAND_IN}=1 '{}' --exact stand_in --ignored --nocapture\n",
            std::env::current_exe()?.display()
        );
        for service in ["flight-service", "booking-service", "payment-service"] {
            let program = here.join("bin").join(service);
            fs::write(&program, &script)?;
            fs::set_permissions(&program, Permissions::from_mode(0o755))?;
        }
        let mut ports = Vec::new();
        for variable in [
            "HOLDFAST_FLIGHT_PORT",
            "HOLDFAST_BOOKING_PORT",
            "HOLDFAST_PAYMENT_PORT",
            "HOLDFAST_POSTGRES_PORT",
            "HOLDFAST_REDIS_PORT",
        ] {
            ports.push((variable, free_port()?));
        }
        Ok(Self {
            scratch,
            flight_port: ports[0].1,
            booking_port: ports[1].1,
            ports,
        })
    }

    /// `holdfast` with these arguments, in this project.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.scratch.path().join("bin/holdfast"));
        command
            .args(arguments)
            .current_dir(self.scratch.path())
            .env_remove("HOLDFAST_STATE_DIR")
            .env_remove("HOLDFAST_POSTGRES_URL")
            .env_remove("HOLDFAST_REDIS_URL")
            .stdin(Stdio::null());
        for (variable, port) in &self.ports {
            command.env(variable, port.to_string());
        }
        command
    }

    pub fn run(&self) -> anyhow::Result<Foreground> {
        let shown = self.scratch.path().join("shown");
        let output = File::create(&shown)?;
        let process = self
            .command(&["run"])
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        Ok(Foreground { process, shown })
    }

    /// Services started from now on end at once.
    pub fn break_services(&self) -> anyhow::Result<()> {
        Ok(fs::write(self.scratch.path().join("broken"), "")?)
    }

    /// The imports that the stand-in for flight-service was called with.
    pub fn imports(&self) -> anyhow::Result<Vec<String>> {
        let text = fs::read_to_string(self.scratch.path().join("imports"))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    pub fn state_directory(&self) -> PathBuf {
        self.scratch.path().join(".holdfast")
    }

    pub fn database_url(&self, database: &str) -> anyhow::Result<String> {
        let password = fs::read_to_string(self.state_directory().join("postgres/password"))?;
        let (_, port) = self.ports[3];
        let password = password.trim();
        Ok(format!(
            "postgres://holdfast:{password}@127.0.0.1:{port}/{database}"
        ))
    }

    /// The running servers and services.
    pub fn processes(&self) -> anyhow::Result<Vec<ProcessIdentity>> {
        let processes: Vec<_> = self
            .parts()?
            .into_iter()
            .map(|(_, process)| process)
            .collect();
        Ok(processes)
    }

    /// The running process of this name.
    pub fn process(&self, name: &str) -> anyhow::Result<ProcessIdentity> {
        let parts = self.parts()?;
        let found = parts.iter().find(|(part, _)| part == name);
        Ok(found.with_context(|| format!("{name} does not run"))?.1)
    }

    fn parts(&self) -> anyhow::Result<Vec<(String, ProcessIdentity)>> {
        let state = fs::read(self.state_directory().join("state.json"))?;
        let state: Value = serde_json::from_slice(&state)?;
        let Some(parts) = state["parts"].as_array() else {
            bail!("no parts in {state}");
        };
        parts
            .iter()
            .map(|part| {
                let name = part["name"].as_str().context("no name")?.to_owned();
                Ok((name, serde_json::from_value(part["process"].clone())?))
            })
            .collect()
    }
}

impl Drop for Project {
    /// Leaves nothing running, whatever the test's outcome.
    fn drop(&mut self) {
        if self.state_directory().exists() {
            let _ = self.command(&["stop"]).output();
        }
    }
}

/// `holdfast run` in the foreground.
pub struct Foreground {
    process: Child,
    shown: PathBuf,
}

impl Foreground {
    pub fn output(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(&self.shown)?)
    }

    pub async fn is_ready(&mut self) -> anyhow::Result<()> {
        wait_for("the stack is ready", SOON, async || {
            let shown = self.output().map_err(|error| error.to_string())?;
            if shown.contains("Ctrl-C stops everything") {
                Ok(())
            } else {
                Err(shown)
            }
        })
        .await
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.process.id()).ok();
        if let Some(identity) = pid.and_then(ProcessIdentity::of) {
            identity.signal(signal);
        }
    }

    /// Waits for its end; the exit code, unless it was killed.
    pub async fn ended(&mut self) -> anyhow::Result<Option<i32>> {
        wait_until("holdfast has ended", SOON, async || {
            self.process.try_wait().is_ok_and(|status| status.is_some())
        })
        .await?;
        Ok(self.process.wait()?.code())
    }
}

/// Answers every request with 200 until the process ends.
pub fn serve() -> anyhow::Result<()> {
    if std::env::var_os(STAND_IN).is_none() {
        return Ok(());
    }
    let port: u16 = std::env::var("PORT")?.parse()?;
    let listener = TcpListener::bind((std::env::var("HOLDFAST__HTTP__HOST")?, port))?;
    for stream in listener.incoming() {
        let mut stream = stream?;
        let mut request = [0; 1024];
        // A client that disconnects early is ignored.
        let _ = stream.read(&mut request);
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    Ok(())
}
