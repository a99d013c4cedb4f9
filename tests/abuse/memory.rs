//! A process's memory, and its limit in a deployment.

use std::fmt;

use anyhow::Context as _;
use local_servers::service::Service;
use test_stack::program::Program;

/// Resident memory.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub now_mib: u64,
    /// Peak so far.
    pub peak_mib: u64,
}

impl Memory {
    pub fn of(program: &Program) -> anyhow::Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", program.identity().pid))?;
        let mebibytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kibibytes = line.and_then(|line| line.split_whitespace().next());
            let kibibytes: u64 = kibibytes.context("no such line")?.parse()?;
            anyhow::Ok(kibibytes / 1024)
        };
        Ok(Self {
            now_mib: mebibytes("VmRSS:")?,
            peak_mib: mebibytes("VmHWM:")?,
        })
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB, {} at most", self.now_mib, self.peak_mib)
    }
}

/// What `docker-compose.yml` gives a service, in MiB.
pub fn limit_of(service: Service) -> anyhow::Result<u64> {
    let name = service.name();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docker-compose.yml");
    let compose = std::fs::read_to_string(path).context(path)?;
    let section = compose.split(&format!("\n  {name}:\n")).nth(1);
    let limit = section.and_then(|section| section.split("mem_limit: ").nth(1));
    let limit = limit.and_then(|limit| limit.split("m\n").next());
    Ok(limit
        .with_context(|| format!("no limit of {name}"))?
        .parse()?)
}
