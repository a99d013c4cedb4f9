//! Runs PostgreSQL, Redis and the services on one machine, without Docker.
//!
//! The library starts, watches and stops private servers: [`postgres`] and [`redis`], for the local
//! stack, for benchmarks, and for tests ([`testing`]). The `holdfast` binary is the local stack
//! itself: `holdfast run` is what `make run` runs.
//!
//! It knows the services only by the names of their binaries and by the environment that they read;
//! none of their code is used here. It is for one machine: a deployment uses `docker-compose.yml` or
//! an orchestrator.
//!
//! Linux only: processes are known by `/proc`.

pub mod child;
pub mod database;
pub mod logs;
pub mod os_user;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod redis;
pub mod state;
pub mod temporary_directory;
pub mod testing;
