//! The machine under test.

use procfs::Current as _;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Model name.
    pub processor: String,
    /// Cores that this process may use.
    pub cores: usize,
    pub memory_gib: f64,
    /// Operating system and kernel.
    pub system: String,
}

impl Machine {
    /// Reads processor, memory and operating system; empty where unknown.
    #[must_use]
    pub fn this() -> Self {
        let processor = procfs::CpuInfo::current().ok();
        let processor = processor.as_ref().and_then(|info| info.model_name(0));
        let memory = procfs::Meminfo::current().map_or(0, |memory| memory.mem_total);
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let name = release
            .lines()
            .find_map(|line| line.strip_prefix("PRETTY_NAME="));
        let kernel = procfs::sys::kernel::Version::current();
        let kernel = kernel.map_or_else(
            |_| String::new(),
            |version| {
                format!(
                    ", Linux {}.{}.{}",
                    version.major, version.minor, version.patch
                )
            },
        );
        Self {
            processor: processor.unwrap_or("unknown").trim().to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: loadgen::stats::as_number(memory >> 20) / 1024.0,
            system: format!("{}{kernel}", name.unwrap_or("Linux").trim_matches('"')),
        }
    }
}
