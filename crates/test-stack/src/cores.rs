//! CPU use of a benchmark's programs: where the time goes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use local_servers::process::ProcessIdentity;
use procfs::process::{Stat, all_processes};
use procfs::ticks_per_second;

/// Processes that are counted together.
#[derive(Clone, Debug)]
pub enum Share {
    /// This process, without its children.
    Itself,
    /// A process with all its descendants.
    Tree(ProcessIdentity),
    /// A PostgreSQL's backends that serve clients of this database, which their process titles show.
    Backends(ProcessIdentity, String),
    /// The rest of it, which all databases share: checkpointer, writers, autovacuum, and backends of other
    /// databases than these.
    Rest(ProcessIdentity, Vec<String>),
}

/// CPU time of the shares at one moment.
pub struct Cores<'a> {
    at: Instant,
    shares: &'a [(&'static str, Share)],
    /// In the order of the shares.
    seconds: Vec<f64>,
}

impl<'a> Cores<'a> {
    /// The CPU time used until now.
    pub fn now(shares: &'a [(&'static str, Share)]) -> anyhow::Result<Self> {
        let processes: Vec<(Stat, String)> = all_processes()?
            .flatten()
            .filter_map(|process| Some((process.stat().ok()?, title(&process))))
            .collect();
        let parents = processes.iter().map(|(stat, _)| (stat.pid, stat.ppid));
        let parents: HashMap<i32, i32> = parents.collect();
        let own = i32::try_from(std::process::id())?;
        let seconds = shares.iter().map(|(_, share)| {
            let ticks = processes
                .iter()
                .map(|(stat, title)| share.ticks(stat, title, own, &parents))
                .sum::<u64>();
            // The ticks of a machine's whole life fit into a `u32` for over a year.
            Ok(f64::from(u32::try_from(ticks)?) / f64::from(u32::try_from(ticks_per_second())?))
        });
        Ok(Self {
            at: Instant::now(),
            shares,
            seconds: seconds.collect::<anyhow::Result<_>>()?,
        })
    }

    /// The CPU time used since then.
    pub fn since(&self) -> anyhow::Result<CpuUse> {
        let now = Self::now(self.shares)?;
        let used = now.seconds.iter().zip(&self.seconds);
        Ok(CpuUse {
            passed: now.at.duration_since(self.at),
            // A child's time moves to another share when it ends, which would be negative use.
            seconds: used.map(|(now, then)| (now - then).max(0.0)).collect(),
        })
    }
}

/// The CPU time of the shares during a measurement.
#[derive(Clone, Debug)]
pub struct CpuUse {
    pub passed: Duration,
    /// In the order of the shares.
    pub seconds: Vec<f64>,
}

impl CpuUse {
    /// Cores kept busy on average, in the order of the shares.
    #[must_use]
    pub fn cores(&self) -> Vec<f64> {
        let passed_s = self.passed.as_secs_f64();
        self.seconds.iter().map(|used| used / passed_s).collect()
    }
}

impl Share {
    /// The part of a process's CPU time that belongs to this share.
    fn ticks(&self, stat: &Stat, title: &str, own: i32, parents: &HashMap<i32, i32>) -> u64 {
        let with_ended = || {
            let ended = [stat.cutime, stat.cstime].map(|ticks| u64::try_from(ticks).unwrap_or(0));
            stat.utime + stat.stime + ended.iter().sum::<u64>()
        };
        let descends = |root: &ProcessIdentity| {
            let parent = |pid: &i32| parents.get(pid).copied();
            std::iter::successors(Some(stat.pid), parent).any(|pid| pid == root.pid)
        };
        match self {
            Self::Itself if stat.pid == own => stat.utime + stat.stime,
            Self::Tree(root) if descends(root) => with_ended(),
            Self::Backends(root, database)
                if stat.ppid == root.pid && is_backend_of(title, database) =>
            {
                with_ended()
            }
            Self::Rest(root, databases)
                if descends(root) && !databases.iter().any(|one| is_backend_of(title, one)) =>
            {
                with_ended()
            }
            _ => 0,
        }
    }
}

/// Whether a process title is that of a database's backend: `postgres: USER DATABASE ADDRESS STATE`.
fn is_backend_of(title: &str, database: &str) -> bool {
    !title.contains("autovacuum") && title.split_whitespace().any(|word| word == database)
}

fn title(process: &procfs::process::Process) -> String {
    process.cmdline().unwrap_or_default().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_counts_for_the_process_that_used_it() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let child_identity = ProcessIdentity::of(i32::try_from(child.id()).unwrap()).unwrap();
        let shares = [
            ("own", Share::Itself),
            ("child", Share::Tree(child_identity)),
        ];
        let before = Cores::now(&shares).unwrap();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(300) {
            std::hint::black_box(0);
        }
        let cores = before.since().unwrap().cores();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(cores[0] > 0.05, "{cores:?}");
        assert!(cores[1] < 0.01, "{cores:?}");
    }

    #[test]
    fn backends_are_distinguished_by_their_titles() {
        let myself = ProcessIdentity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        let own = procfs::process::Process::new(myself.pid).unwrap();
        let mut stat = own.stat().unwrap();
        (stat.pid, stat.ppid, stat.utime, stat.stime) = (i32::MAX, myself.pid, 7, 0);
        (stat.cutime, stat.cstime) = (0, 0);
        let parents = HashMap::from([(stat.pid, myself.pid)]);
        let ticks = |share: Share, title| share.ticks(&stat, title, myself.pid, &parents);
        let backends = || Share::Backends(myself, "sales".to_owned());
        let rest = || Share::Rest(myself, vec!["sales".to_owned()]);
        for (title, counted) in [
            ("postgres: holdfast sales 127.0.0.1(1234) idle", [7, 0]),
            ("postgres: holdfast sales_old 127.0.0.1(1234) idle", [0, 7]),
            ("postgres: autovacuum worker sales", [0, 7]),
            ("postgres: checkpointer ", [0, 7]),
        ] {
            let shown = [ticks(backends(), title), ticks(rest(), title)];
            assert_eq!(shown, counted, "{title}");
        }
        assert_eq!(ticks(Share::Tree(myself), ""), 7);
        assert_eq!(ticks(Share::Itself, ""), 0);
    }
}
