//! What every service has below HTTP.
//!
//! | module | what it gives |
//! | --- | --- |
//! | [`settings`] | typed settings: embedded defaults, a file, the environment |
//! | [`telemetry`] | logs and metrics |
//! | [`command_line`] | the options and start-up that the binaries share |
//! | [`database`], [`connections`] | PostgreSQL: pools, connections that keep their own time limits |
//! | [`migrations`] | schema migrations, forward only |
//! | [`redis`] | a pool, and calls that do without Redis within milliseconds |
//! | [`group_commit`] | many small writes as few transactions |
//! | [`idempotency`] | requests that act once: their keys, and earlier ones' answers |
//! | [`caller`], [`token_issuer`] | who calls, and tokens that a service makes itself |
//! | [`audit_log`] | what staff changed, written down before it is done |
//! | [`page`] | keyset pagination of lists |
//! | [`background_tasks`], [`supervision`] | tasks beside the requests, started again when they end |
//! | [`fan_out`] | one subscription for all who watch the same |
//! | [`network`] | the network that one client is taken to have |
//! | [`unreadable`] | rows that a newer version wrote |
//!
//! It has no HTTP server, which is `service-http`'s, and knows nothing of flights, bookings or payments.

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
