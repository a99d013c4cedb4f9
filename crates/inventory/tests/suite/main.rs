//! The inventory against a naive model, and against a real PostgreSQL and Redis.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod decisions;
mod model;
mod regressions;
mod schema;
mod support;
mod two_replicas;
