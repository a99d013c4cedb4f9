//! PostgreSQL connections that enforce their own time limits.
//!
//! | module | contents |
//! | --- | --- |
//! | [`mod@pool`] | pools that hand out only connections that are idle, outside a transaction and to a primary |
//! | [`mod@connect`] | one connection, in a pool or beside it (LISTEN, migrations) |
//! | [`session`] | a connection with a time limit |
//! | [`failure`] | transient errors, by SQLSTATE |
//! | `traffic`, `frames`, `watched` | the state of a connection, read from its bytes |
//!
//! The server enforces `statement_timeout`, but not if it is gone or frozen. So each connection is watched. One
//! that owes an answer and has been silent for longer than that limit is closed, and every waiter gets an
//! error. The same state shows whether a connection that returns to its pool still runs a statement whose
//! caller has gone.

pub mod connect;
pub mod failure;
mod frames;
pub mod pool;
pub mod session;
mod traffic;
mod watched;

pub use connect::{ConnectError, Limits, connect};
pub use failure::is_transient;
pub use pool::pool;
pub use session::on_connection;
