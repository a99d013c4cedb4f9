//! The settings that a PostgreSQL server is started with, each with its reason.
//!
//! They are passed on the command line, so that changed settings apply at the next start without touching the
//! data directory.

/// Whether commits survive a failure of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every answered commit survives. For everything that people look at or that is measured.
    Durable,
    /// A commit may be lost with the machine, but not with the server's process. For tests, which run faster.
    Fast,
}

const COMMON: [(&str, &str); 13] = [
    // From this machine, over TCP, with a password: a socket file would need a directory that all users share.
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    // Times are UTC here; services show local times by the airport's zone.
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    // Standard error, which is the log file; each line with its time, process and database.
    ("logging_collector", "off"),
    ("log_line_prefix", "%m [%p] %q%d "),
    // What users wrote stays out of the log: rows that a constraint refused (DETAIL), and parameters.
    ("log_error_verbosity", "terse"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    // Queries are short: compiling them costs more than it saves.
    ("jit", "off"),
    // Pages come from memory or an SSD.
    ("random_page_cost", "1.1"),
    // A few hot rows are updated thousands of times a second: remove their dead tuples soon.
    ("autovacuum_naptime", "10s"),
    // Waiting for a lock for longer than `deadlock_timeout` (1 s) is a bug worth a line.
    ("log_lock_waits", "on"),
];

const DURABLE: [(&str, &str); 9] = [
    // The promise: a commit is on disk before it is answered.
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    // The demo and a real week of flights fit, with room for a long load test.
    ("shared_buffers", "256MB"),
    // The pools of three services, and a benchmark's 256 clients with a connection each, with room for `psql`.
    ("max_connections", "500"),
    // After a checkpoint the first change of each page writes the full page to the WAL. Under load the default
    // of 1 GB means a checkpoint every few seconds.
    ("max_wal_size", "2GB"),
    ("checkpoint_timeout", "15min"),
    // Makes those full pages smaller.
    ("wal_compression", "on"),
    // Slower statements are worth a line: requests have far shorter limits.
    ("log_min_duration_statement", "500ms"),
];

const FAST: [(&str, &str); 6] = [
    // The data is thrown away: nothing waits for the disk.
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    // A test's tables are small, and several of these servers may run side by side.
    ("shared_buffers", "64MB"),
    // Many tests at once, each with the pools of up to three services.
    ("max_connections", "500"),
    // No checkpoint while tests run.
    ("checkpoint_timeout", "30min"),
];

impl Durability {
    pub(crate) fn settings(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let own: &[_] = match self {
            Self::Durable => &DURABLE,
            Self::Fast => &FAST,
        };
        COMMON.iter().chain(own).copied()
    }
}
