//! CPU use of other programs. It distorts measurements, some more than others, so it distorts ratios too.

use std::collections::HashMap;
use std::time::Instant;

use procfs::process::{Stat, all_processes};
use procfs::ticks_per_second;

/// Above this share of a core, results are not comparable.
pub const TOLERATED_CORES: f64 = 0.15;

/// CPU time of other programs at one moment.
pub struct BackgroundLoad {
    at: Instant,
    seconds: f64,
}

impl BackgroundLoad {
    /// The CPU time used until now.
    pub fn now() -> anyhow::Result<Self> {
        let stats: HashMap<i32, Stat> = all_processes()?
            .flatten()
            .filter_map(|process| process.stat().ok())
            .map(|stat| (stat.pid, stat))
            .collect();
        let own = i32::try_from(std::process::id())?;
        let ticks = stats
            .values()
            .filter(|stat| !descends(stat, own, &stats))
            .map(ticks)
            .sum::<u64>();
        Ok(Self {
            at: Instant::now(),
            // The ticks of a machine's whole life fit into a `u32` for over a year.
            seconds: f64::from(u32::try_from(ticks)?)
                / f64::from(u32::try_from(ticks_per_second())?),
        })
    }

    /// Cores that other programs kept busy since then, on average.
    pub fn cores_since(&self) -> anyhow::Result<f64> {
        let now = Self::now()?;
        let passed = now.at.duration_since(self.at).as_secs_f64();
        // A process that ends without being waited for takes its time with it, which would be negative use.
        Ok(((now.seconds - self.seconds) / passed).max(0.0))
    }
}

/// The process's own time, and that of its reaped children.
fn ticks(stat: &Stat) -> u64 {
    let of_children = [stat.cutime, stat.cstime].map(|ticks| u64::try_from(ticks).unwrap_or(0));
    stat.utime + stat.stime + of_children.iter().sum::<u64>()
}

/// Whether a process is this ancestor or a descendant of it.
fn descends(stat: &Stat, ancestor: i32, stats: &HashMap<i32, Stat>) -> bool {
    let parent = |stat: &&Stat| stats.get(&stat.ppid);
    std::iter::successors(Some(stat), parent).any(|stat| stat.pid == ancestor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_process_is_no_background_load() {
        let before = BackgroundLoad::now().unwrap();
        assert!(before.seconds > 0.0);
        assert!(before.cores_since().unwrap() >= 0.0);
        let stat = |pid| procfs::process::Process::new(pid).unwrap().stat().unwrap();
        let own = i32::try_from(std::process::id()).unwrap();
        let (mine, parent) = (stat(own), stat(stat(own).ppid));
        let stats = HashMap::from([(own, mine.clone()), (parent.pid, parent.clone())]);
        assert!(descends(&mine, own, &stats));
        assert!(descends(&mine, parent.pid, &stats));
        assert!(!descends(&parent, own, &stats));
    }
}
