//! TCP ports of this machine: listeners and free ports.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::FDTarget;

use crate::process::command_line;

/// The range of free ports: above the well-known ones, and below the kernel's ephemeral ports (32768 and up by
/// default). So a killed server finds its port still free when it is restarted.
const FREE_PORTS: std::ops::Range<u16> = 20_000..32_768;

/// The process that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// `None` if the process belongs to another user.
    pub pid: Option<i32>,
    /// Its command line; `None` if it can't be read.
    pub command: Option<String>,
}

impl std::fmt::Display for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.pid, &self.command) {
            (Some(pid), Some(command)) => write!(f, "process {pid}: {command}"),
            (Some(pid), None) => write!(f, "process {pid}"),
            (None, _) => f.write_str("a process of another user"),
        }
    }
}

/// The listener on a TCP port, on any address of this machine.
pub fn listener_on(port: u16) -> Option<Listener> {
    let sockets = [procfs::net::tcp(), procfs::net::tcp6()];
    let inodes: HashSet<u64> = sockets
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry: &TcpNetEntry| {
            entry.state == TcpState::Listen && entry.local_address.port() == port
        })
        .map(|entry| entry.inode)
        .collect();
    if inodes.is_empty() {
        return None;
    }
    let pid = owner_of(&inodes);
    Some(Listener {
        pid,
        command: pid.and_then(command_line),
    })
}

/// The error that keeps a server from listening on this port of 127.0.0.1; `None` if it could.
pub fn unusable(port: u16) -> Option<io::Error> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).err()
}

/// A free port of 127.0.0.1 that this process has not been given before.
///
/// Nothing reserves it, but concurrent test programs search different blocks. Callers that find it taken ask
/// for another.
pub fn free_port() -> io::Result<u16> {
    const TRIES: usize = 1000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let mut last = None;
    for _ in 0..TRIES {
        let port = candidate(std::process::id(), GIVEN.fetch_add(1, Ordering::Relaxed));
        match unusable(port) {
            None => return Ok(port),
            error => last = error,
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("no free port")))
}

/// The candidate ports of a process, in order: each process starts in a block of its own.
fn candidate(pid: u32, number: u32) -> u16 {
    const BLOCK: u32 = 16;
    let count = u32::from(FREE_PORTS.end - FREE_PORTS.start);
    let offset = pid.wrapping_mul(BLOCK).wrapping_add(number) % count;
    // Less than `count`, which came from a u16.
    FREE_PORTS.start + u16::try_from(offset).unwrap_or_default()
}

fn owner_of(inodes: &HashSet<u64>) -> Option<i32> {
    let processes = procfs::process::all_processes().ok()?;
    processes
        .flatten()
        .find(|process| {
            process.fd().is_ok_and(|descriptors| {
                descriptors.flatten().any(|descriptor| {
                    matches!(descriptor.target, FDTarget::Socket(inode) if inodes.contains(&inode))
                })
            })
        })
        .map(|process| process.pid)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use test_stack::wait_until;

    #[tokio::test]
    async fn a_listener_is_found_and_a_free_port_is_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = listener_on(port).unwrap();
        assert_eq!(found.pid, i32::try_from(std::process::id()).ok());
        assert!(found.command.unwrap().contains("local_servers"));
        assert!(unusable(port).is_some());
        drop(listener);
        // A child that another test is just starting inherits the socket until it runs exec.
        let gone = wait_until("nothing listens", Duration::from_secs(10), async || {
            listener_on(port).is_none()
        });
        gone.await.unwrap();

        let free = free_port().unwrap();
        assert!(FREE_PORTS.contains(&free));
        assert_eq!(listener_on(free), None);
        assert_ne!(free_port().unwrap(), free);
    }

    #[test]
    fn processes_look_in_different_places() {
        let ports = |pid| (0..16).map(move |number| candidate(pid, number));
        assert!(
            ports(7)
                .chain(ports(u32::MAX))
                .all(|port| FREE_PORTS.contains(&port))
        );
        assert!(ports(1000).all(|port| ports(1001).all(|other| other != port)));
    }

    #[test]
    fn a_listener_is_shown_as_far_as_it_is_known() {
        let known = Listener {
            pid: Some(7),
            command: Some("python3 -m http.server".to_owned()),
        };
        assert_eq!(known.to_string(), "process 7: python3 -m http.server");
        let unknown = Listener {
            pid: None,
            command: None,
        };
        assert_eq!(unknown.to_string(), "a process of another user");
    }
}
