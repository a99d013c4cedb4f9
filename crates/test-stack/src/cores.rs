//! CPU use of a benchmark's programs: where the time goes.

use std::collections::HashMap;
use std::time::Instant;

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
    /// Its children whose process title contains this word: PostgreSQL's backends show their database.
    Children(ProcessIdentity, String),
    /// The rest of it: the process, and its children with none of these words in the title.
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

    /// Cores kept busy since then, on average, in the order of the shares.
    pub fn since(&self) -> anyhow::Result<Vec<f64>> {
        let now = Self::now(self.shares)?;
        let passed = now.at.duration_since(self.at).as_secs_f64();
        let taken = now.seconds.iter().zip(&self.seconds);
        // A child's time moves to another share when it ends, which would be negative use.
        Ok(taken
            .map(|(now, then)| ((now - then) / passed).max(0.0))
            .collect())
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
            Self::Children(root, word) if stat.ppid == root.pid && title.contains(word) => {
                with_ended()
            }
            Self::Rest(root, words)
                if descends(root) && !words.iter().any(|word| title.contains(word)) =>
            {
                with_ended()
            }
            _ => 0,
        }
    }
}

fn title(process: &procfs::process::Process) -> String {
    process.cmdline().unwrap_or_default().join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        let cores = before.since().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(cores[0] > 0.05, "{cores:?}");
        assert!(cores[1] < 0.01, "{cores:?}");
    }

    #[test]
    fn children_are_distinguished_by_their_titles() {
        let mut child = std::process::Command::new("sleep")
            .arg("61.25")
            .spawn()
            .unwrap();
        let myself = ProcessIdentity::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        let mut stat = procfs::process::Process::new(i32::try_from(child.id()).unwrap())
            .unwrap()
            .stat()
            .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        (stat.utime, stat.stime) = (7, 0);
        let parents = HashMap::from([(stat.pid, myself.pid)]);
        let ticks = |share: Share| share.ticks(&stat, "sleep 61.25", myself.pid, &parents);
        let word = |word: &str| word.to_owned();
        assert_eq!(ticks(Share::Children(myself, word("61.25"))), 7);
        assert_eq!(ticks(Share::Children(myself, word("other"))), 0);
        assert_eq!(ticks(Share::Rest(myself, vec![word("other")])), 7);
        assert_eq!(ticks(Share::Rest(myself, vec![word("61.25")])), 0);
        assert_eq!(ticks(Share::Tree(myself)), 7);
        assert_eq!(ticks(Share::Itself), 0);
    }
}
