//! Frozen processes: they exist and keep their locks and sockets, but answer nothing.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};

use nix::sys::signal::Signal;

use local_servers::process::ProcessIdentity;

/// Thaws the processes that it was given when its input ends, also because this process was killed.
const THAWER: &str = r#"while read -r pid; do pids="$pids $pid"; done; kill -s CONT $pids"#;

/// A process and its children, stopped (SIGSTOP) until this is dropped or this process ends.
#[derive(Debug)]
pub struct Frozen {
    thawer: Child,
    /// The pipe's only writing end.
    names: Option<ChildStdin>,
}

impl Frozen {
    /// Stops a process, then its children. A stopped process forks no new ones.
    ///
    /// # Errors
    /// When it has ended, or can't be stopped; nothing stays stopped then.
    pub fn freeze(process: ProcessIdentity) -> io::Result<Self> {
        let mut thawer = Command::new("sh")
            .args(["-c", THAWER])
            .stdin(Stdio::piped())
            // A process group of its own: Ctrl-C ends this process and not the thawer.
            .process_group(0)
            .spawn()?;
        let names = thawer.stdin.take();
        let mut frozen = Self { thawer, names };
        frozen.stop(process)?;
        let mut stopped = Vec::new();
        // A child may have been forked just before.
        while let Some(child) = process
            .children()
            .into_iter()
            .find(|child| !stopped.contains(child))
        {
            stopped.push(child);
            // A child that has just ended needs no stopping.
            frozen.stop(child).ok();
        }
        Ok(frozen)
    }

    fn stop(&mut self, process: ProcessIdentity) -> io::Result<()> {
        let names = self.names.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(names, "{}", process.pid)?;
        if process.signal(Signal::SIGSTOP) {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "process {} can't be stopped",
            process.pid
        )))
    }
}

impl Drop for Frozen {
    /// Thaws the processes, and waits for the thawer.
    fn drop(&mut self) {
        self.names = None;
        let _ = self.thawer.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wait_until;

    const WITHIN: Duration = Duration::from_secs(10);

    fn is_stopped(process: ProcessIdentity) -> bool {
        let stat = procfs::process::Process::new(process.pid).and_then(|one| one.stat());
        stat.is_ok_and(|stat| stat.state == 'T')
    }

    #[tokio::test]
    async fn a_process_and_its_children_are_frozen_until_thawed() {
        let mut parent = Command::new("sh")
            .args(["-c", "sleep 60 & wait"])
            .spawn()
            .unwrap();
        let process = ProcessIdentity::of(i32::try_from(parent.id()).unwrap()).unwrap();
        let has_child = wait_until("it has a child", WITHIN, async || {
            !process.children().is_empty()
        });
        has_child.await.unwrap();
        let both = [process, process.children()[0]];

        let frozen = Frozen::freeze(process).unwrap();
        let stopped = wait_until("both stand still", WITHIN, async || {
            both.into_iter().all(is_stopped)
        });
        stopped.await.unwrap();

        drop(frozen);
        let thawed = wait_until("both go on", WITHIN, async || {
            !both.into_iter().any(is_stopped)
        });
        thawed.await.unwrap();
        both[1].end(Signal::SIGTERM, WITHIN).await;
        parent.wait().unwrap();
    }

    #[test]
    fn an_ended_process_cannot_be_frozen() {
        let myself = ProcessIdentity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        let gone = ProcessIdentity {
            started: myself.started - 1,
            ..myself
        };
        Frozen::freeze(gone).unwrap_err();
    }
}
