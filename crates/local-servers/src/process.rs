//! Process identity that survives the reuse of pids.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

/// Polling interval while waiting for a process that is not a child of this one.
const POLL: Duration = Duration::from_millis(20);

/// A process by pid and start time. Pids are reused; the pair is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    pub pid: i32,
    /// Start time in clock ticks after boot (`starttime` of `/proc/PID/stat`).
    pub started: u64,
}

impl ProcessIdentity {
    /// The process that has this pid now; `None` if there is none, or only a zombie.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = procfs::process::Process::new(pid).ok()?.stat().ok()?;
        let ended = matches!(stat.state, 'Z' | 'X' | 'x');
        (!ended).then_some(Self {
            pid,
            started: stat.starttime,
        })
    }

    /// Whether this very process still runs.
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends a signal unless the process has ended. `true` if it was sent.
    pub fn signal(self, signal: Signal) -> bool {
        self.is_alive() && kill(Pid::from_raw(self.pid), signal).is_ok()
    }

    /// Waits at most `within`. `true` if it ended.
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

    /// Sends `ask`, waits at most `within`, then kills. For processes that are not children of this one;
    /// [`Child::end`](crate::child::Child::end) is for those.
    pub async fn end(self, ask: Signal, within: Duration) -> bool {
        self.signal(ask);
        if self.ended(within).await {
            return true;
        }
        self.signal(Signal::SIGKILL);
        self.ended(KILLED_WITHIN).await
    }

    /// Its running children.
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

/// Upper bound for the kernel to end a process after SIGKILL; longer only if it is stuck in disk I/O.
pub const KILLED_WITHIN: Duration = Duration::from_secs(5);

/// The command line on one line, cut to a readable length; the short name in brackets if it can't be read.
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
        // Its command line is empty for a moment during exec.
        let named = wait_until("it has its line", Duration::from_secs(10), async || {
            command_line(found.pid).is_some_and(|line| line.ends_with("60"))
        });
        named.await.unwrap();
        assert!(found.end(Signal::SIGTERM, Duration::from_secs(10)).await);
        child.wait().unwrap();
    }
}
