//! A process that can be told from another that got the same pid later.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

/// How often a process that is not a child of this one is looked at while waiting for its end.
const POLL: Duration = Duration::from_millis(20);

/// A process, known by its pid and the moment it started. Pids are used again, the pair is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The process id.
    pub pid: i32,
    /// When it started, in clock ticks after boot (`starttime` of `/proc/PID/stat`).
    pub started: u64,
}

impl ProcessIdentity {
    /// The process that has this pid now; `None` if there is none, or it has ended and only waits to
    /// be reaped.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = procfs::process::Process::new(pid).ok()?.stat().ok()?;
        let ended = matches!(stat.state, 'Z' | 'X' | 'x');
        (!ended).then_some(Self {
            pid,
            started: stat.starttime,
        })
    }

    /// This very process still runs.
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends a signal, unless the process has ended. Answers whether it was sent.
    pub fn signal(self, signal: Signal) -> bool {
        self.is_alive() && kill(Pid::from_raw(self.pid), signal).is_ok()
    }

    /// Waits for its end, at most `within`. Answers whether it ended.
    pub async fn ended(self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            sleep(POLL).await;
        }
        true
    }

    /// Asks it to end, waits at most `within`, then kills it. For processes that are not children of
    /// this one: [`Child::end`](crate::child::Child::end) is for those.
    pub async fn end(self, ask: Signal, within: Duration) -> bool {
        self.signal(ask);
        if self.ended(within).await {
            return true;
        }
        self.signal(Signal::SIGKILL);
        self.ended(KILLED_WITHIN).await
    }

    /// Its living children.
    pub fn children(self) -> Vec<Self> {
        let Ok(processes) = procfs::process::all_processes() else {
            return Vec::new();
        };
        processes
            .flatten()
            .filter_map(|process| process.stat().ok())
            .filter(|stat| stat.ppid == self.pid)
            .filter_map(|stat| Self::of(stat.pid))
            .collect()
    }
}

/// How long the kernel may take to end a process that was sent SIGKILL; longer only when it is stuck
/// in the disk.
pub const KILLED_WITHIN: Duration = Duration::from_secs(5);

/// The command line of a process, on one line and cut to a readable length; its short name in
/// brackets where the line can't be read.
pub fn command_line(pid: i32) -> Option<String> {
    const READABLE: usize = 120;
    let process = procfs::process::Process::new(pid).ok()?;
    let words = process.cmdline().unwrap_or_default().join(" ");
    let words = words.trim();
    if words.is_empty() {
        return Some(format!("[{}]", process.stat().ok()?.comm));
    }
    let mut line: String = words.chars().take(READABLE).collect();
    if line.len() < words.len() {
        line.push_str("...");
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_stack::wait_until;

    #[test]
    fn a_process_is_itself_and_no_other() {
        let myself = ProcessIdentity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(myself.is_alive());
        let earlier = ProcessIdentity {
            started: myself.started - 1,
            ..myself
        };
        assert!(!earlier.is_alive());
        assert!(!earlier.signal(Signal::SIGTERM));
    }

    #[tokio::test]
    async fn an_ended_child_is_not_alive_before_it_is_reaped() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        if let Some(identity) = ProcessIdentity::of(pid) {
            assert!(identity.ended(Duration::from_secs(10)).await);
        }
        assert_eq!(ProcessIdentity::of(pid), None);
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn children_are_found_and_ended() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let myself = ProcessIdentity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        let found = ProcessIdentity::of(i32::try_from(child.id()).unwrap()).unwrap();
        assert!(myself.children().contains(&found));
        // It has none for a moment while it becomes another program.
        let named = wait_until("it has its line", Duration::from_secs(10), async || {
            command_line(found.pid).is_some_and(|line| line.ends_with("60"))
        });
        named.await.unwrap();
        assert!(found.end(Signal::SIGTERM, Duration::from_secs(10)).await);
        child.wait().unwrap();
    }
}
