//! What every service shares below HTTP.
//!
//! | module | contents |
//! | --- | --- |
//! | [`settings`] | typed settings: embedded defaults, a file, the environment |
//! | [`telemetry`] | logs and metrics |
//! | [`command_line`] | the options and start-up that the binaries share |
//! | [`database`], [`connections`] | PostgreSQL: pools, and connections that enforce their own time limits |
//! | [`migrations`] | schema migrations, forward only |
//! | [`redis`] | a connection pool, and best-effort calls that cost milliseconds while Redis is down |
//! | [`group_commit`] | group commit: many small writes in few transactions |
//! | [`idempotency`] | idempotency keys and stored answers |
//! | [`caller`], [`token_issuer`] | the authenticated caller, and tokens that the service issues |
//! | [`audit_log`] | what staff changed, committed before the action |
//! | [`page`] | keyset pagination of lists |
//! | [`background_tasks`], [`supervision`] | background tasks, restarted when they end |
//! | [`fan_out`] | one subscription shared by all watchers of a key |
//! | [`network`] | the network that counts as one client in rate limits |
//! | [`unreadable`] | skipping rows that a newer version wrote |
//!
//! The HTTP server is in `service-http`. Flights, bookings and payments are unknown here.

#![warn(missing_docs)]

pub mod audit_log;
pub mod background_tasks;
pub mod caller;
pub mod command_line;
pub mod connections;
pub mod database;
pub mod fan_out;
pub mod group_commit;
pub mod idempotency;
pub mod migrations;
pub mod network;
pub mod page;
pub mod redis;
pub mod settings;
pub mod supervision;
pub mod telemetry;
pub mod token_issuer;
pub mod unreadable;
