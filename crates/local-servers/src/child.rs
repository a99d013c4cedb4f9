//! A child process in a process group of its own, with a log, a graceful stop, and a watchdog for the case that
//! its parent dies first.

use std::ffi::{OsStr, OsString};
use std::io::{self, PipeWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::Command;
use tokio::time::timeout;

use crate::logs;
use crate::os_user::OsUser;
use crate::process::{KILLED_WITHIN, ProcessIdentity};

/// What happens to a child when its parent dies without having stopped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// It keeps running. The next start finds it through the state file.
    Kept,
    /// It ends with its parent, even if that was killed, and this directory is removed.
    Temporary {
        /// Must belong to the account that the child runs as.
        directory: PathBuf,
    },
}

/// The shell script that starts a temporary child and its watchdog.
const WATCHDOG: &str = include_str!("watchdog.sh");

#[derive(Debug, thiserror::Error)]
#[error("{program} can't be started", program = program.display())]
pub struct LaunchError {
    program: PathBuf,
    #[source]
    source: io::Error,
}

/// How a child is started.
#[derive(Debug)]
pub struct Launch<'a> {
    pub program: &'a Path,
    pub arguments: Vec<OsString>,
    /// Variables in addition to this process's own.
    pub environment: Vec<(String, String)>,
    /// Variables of this process that the child must not inherit.
    pub hidden_environment: &'a [&'a str],
    /// The user to run it as; `None` for the current one.
    pub account: Option<&'a OsUser>,
    pub working_directory: &'a Path,
    /// Standard output and standard error are appended here.
    pub log: &'a Path,
    /// The signal for a fast stop by the watchdog.
    pub last_signal: Signal,
    /// What happens to it when its parent dies.
    pub lifetime: &'a Lifetime,
}

/// A started child. Dropping it does not end one that is [`Lifetime::Kept`].
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    identity: ProcessIdentity,
    watchdog: Option<PipeWriter>,
}

impl Launch<'_> {
    /// Needs a Tokio runtime.
    pub fn start(&self) -> Result<Child, LaunchError> {
        self.spawn().map_err(|source| LaunchError {
            program: self.program.to_owned(),
            source,
        })
    }

    fn spawn(&self) -> io::Result<Child> {
        let output = logs::append(self.log)?;
        let (mut command, watchdog) = match self.lifetime {
            Lifetime::Kept => {
                let mut command = Command::new(self.program);
                command.stdin(Stdio::null());
                (command, None)
            }
            Lifetime::Temporary { directory } => {
                let (reader, writer) = io::pipe()?;
                let mut command = Command::new("sh");
                let signal = self.last_signal.as_str().trim_start_matches("SIG");
                command
                    .args(["-c", WATCHDOG, "watchdog", signal])
                    .arg(directory)
                    .arg(self.program)
                    .stdin(reader);
                (command, Some(writer))
            }
        };
        for name in self.hidden_environment {
            command.env_remove(name);
        }
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.working_directory)
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0);
        if let Some(account) = self.account {
            account.apply(&mut command);
        }
        let mut process = command.spawn()?;
        let identity = process
            .id()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(ProcessIdentity::of);
        let Some(identity) = identity else {
            let status = process.try_wait()?;
            return Err(io::Error::other(match status {
                Some(status) => format!("it ended at once ({status})"),
                None => "it ended at once".to_owned(),
            }));
        };
        Ok(Child {
            process,
            identity,
            watchdog,
        })
    }
}

impl Child {
    pub fn identity(&self) -> ProcessIdentity {
        self.identity
    }

    /// The exit status, once it has ended.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }

    /// Waits until it exits. Cancel safe.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// No effect once it has ended.
    pub fn signal(&self, signal: Signal) {
        self.identity.signal(signal);
    }

    /// Stops it: sends each signal in turn and waits for the given time, then sends SIGKILL. Dismisses the
    /// watchdog.
    pub async fn end(&mut self, signals: &[(Signal, Duration)]) -> io::Result<ExitStatus> {
        let last = (Signal::SIGKILL, KILLED_WITHIN);
        for (signal, within) in signals.iter().chain([&last]) {
            self.signal(*signal);
            if let Ok(status) = timeout(*within, self.wait()).await {
                self.dismiss_watchdog();
                return status;
            }
        }
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("process {} does not end", self.identity.pid),
        ))
    }

    fn dismiss_watchdog(&mut self) {
        if let Some(mut pipe) = self.watchdog.take() {
            // Fails only if the watchdog is gone already. Six bytes fit into any pipe, so this does not block.
            let _ = pipe.write_all(b"leave\n");
        }
    }
}

/// Builds an argument list from any kind of text.
pub fn arguments<I>(items: I) -> Vec<OsString>
where
    I: IntoIterator,
    I::Item: AsRef<OsStr>,
{
    items.into_iter().map(|item| item.as_ref().into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary_directory::{TemporaryDirectory, unused_path};
    use test_stack::wait_until;

    fn sleeper<'a>(log: &'a Path, lifetime: &'a Lifetime) -> Launch<'a> {
        Launch {
            program: Path::new("sleep"),
            arguments: arguments(["300"]),
            environment: Vec::new(),
            hidden_environment: &[],
            account: None,
            working_directory: Path::new("/"),
            log,
            last_signal: Signal::SIGTERM,
            lifetime,
        }
    }

    #[tokio::test]
    async fn a_kept_child_lives_until_it_is_ended() {
        let scratch = TemporaryDirectory::new("child").unwrap();
        let log = scratch.path().join("a.log");
        let mut child = sleeper(&log, &Lifetime::Kept).start().unwrap();
        assert!(child.identity().is_alive());
        assert!(child.ended().unwrap().is_none());
        let asked = (Signal::SIGTERM, Duration::from_secs(10));
        child.end(&[asked]).await.unwrap();
        assert!(!child.identity().is_alive());
    }

    #[tokio::test]
    async fn a_temporary_child_ends_when_its_pipe_closes() {
        let scratch = TemporaryDirectory::new("child").unwrap();
        let log = scratch.path().join("a.log");
        let directory = unused_path(scratch.path(), "own");
        std::fs::create_dir(&directory).unwrap();
        let lifetime = Lifetime::Temporary {
            directory: directory.clone(),
        };
        let child = sleeper(&log, &lifetime).start().unwrap();
        let identity = child.identity();
        assert!(identity.is_alive());
        drop(child);
        assert!(identity.ended(Duration::from_secs(10)).await);
        let removed = wait_until(
            "the directory is gone",
            Duration::from_secs(10),
            async || !directory.exists(),
        );
        removed.await.unwrap();
    }

    #[tokio::test]
    async fn a_temporary_child_that_was_ended_keeps_its_directory() {
        let scratch = TemporaryDirectory::new("child").unwrap();
        let log = scratch.path().join("a.log");
        let directory = unused_path(scratch.path(), "own");
        std::fs::create_dir(&directory).unwrap();
        let lifetime = Lifetime::Temporary {
            directory: directory.clone(),
        };
        let mut child = sleeper(&log, &lifetime).start().unwrap();
        child.end(&[]).await.unwrap();
        drop(child);
        assert!(directory.exists());
    }

    #[tokio::test]
    async fn a_program_that_does_not_exist_is_named() {
        let scratch = TemporaryDirectory::new("child").unwrap();
        let log = scratch.path().join("a.log");
        let launch = Launch {
            program: Path::new("/nowhere/server"),
            ..sleeper(&log, &Lifetime::Kept)
        };
        let error = launch.start().unwrap_err();
        assert_eq!(error.to_string(), "/nowhere/server can't be started");
    }
}
