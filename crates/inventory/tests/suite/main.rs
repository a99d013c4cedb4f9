//! The inventory against a naive model, and against real PostgreSQL and Redis servers.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod audit;
mod buyers;
mod caller;
mod connections;
mod contradictions;
mod crash;
mod decisions;
mod expired;
mod faults;
mod gate;
mod model;
mod optimistic;
mod panics;
mod proof;
mod random;
mod regressions;
mod rows;
mod schema;
mod support;
mod two_replicas;
mod visitors;
mod without_postgres;
mod without_redis;
