//! Reconciliation of databases with planted violations.

mod clean;
mod violations;
mod world;
