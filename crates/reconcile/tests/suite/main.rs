//! Audits of databases in which something was planted.

mod clean;
mod violations;
mod world;
