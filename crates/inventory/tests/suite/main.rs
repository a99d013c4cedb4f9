//! The inventory against a naive model, and against a real PostgreSQL and Redis.

mod decisions;
mod model;
mod regressions;
mod schema;
mod support;
mod two_replicas;
