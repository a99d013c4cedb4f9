//! Private servers and child processes on this machine: a PostgreSQL, a Redis, and the three services,
//! known only by the names of their binaries.
//!
//! The `holdfast` command runs the local stack with it, and `test-stack` what tests and benchmarks
//! need. Linux only: processes are known by `/proc`.

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
