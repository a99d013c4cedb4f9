//! Connections to PostgreSQL that keep their own limits.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`mod@pool`] | pools whose connections are idle, outside a transaction and able to write when they are given out |
//! | [`mod@connect`] | one connection, such as a pool's or one that listens |
//! | [`session`] | a connection that is used for a limited time |
//! | [`failure`] | which errors pass, by SQLSTATE |
//! | `traffic`, `frames`, `watched` | what is under way on a connection, read from its bytes |
//!
//! A statement has a time limit at the server, `statement_timeout`, which a server that is gone or frozen
//! does not keep. So each connection is watched: one that owes an answer and has said nothing for longer
//! than that limit is closed, and whoever waits for it gets an error, wherever they wait. The same look
//! tells whether a connection that comes back to its pool is still at work for somebody who has gone.

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
