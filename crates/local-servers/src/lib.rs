//! Runs servers on this machine as child processes: a private PostgreSQL, a private Redis and the three
//! services, of which only the binaries' names are known here.
//!
//! Used by the `holdfast` command for the local stack, and by `test-stack` for tests and benchmarks. Linux
//! only: processes are identified through `/proc`.

pub mod child;
pub mod database;
pub mod logs;
pub mod os_user;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod redis;
pub mod service;
pub mod signals;
pub mod stack_state;
pub mod temporary_directory;
