//! Pools of units, holds on them, and the ledger that proves both.
//!
//! It has the shape of a small database engine. Commands wait in a bounded queue; a committer takes
//! what waits as one batch, loads and locks the rows concerned, has the pure function [`decide`]
//! decide the batch, writes the changes, commits, and only then answers.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`command`] | what can be asked for |
//! | [`verdict`] | what is answered: accepted, or refused by name |
//! | [`state`] | pools, holds and seats as `decide` sees them, and the changes it makes |
//! | [`decide`] | the decisions: no I/O, no clock |
//! | [`committer`] | the queue, and batches that are run, split and run again |
//! | [`rows`] | rows that callers add to the transactions of their commands |
//! | `store` | the SQL |
//! | [`gate`] | the Redis copy of free counts: it refuses early, it never grants |
//! | `replay_lookup`, `in_flight` | commands that were or are sent twice: what the first one came to |
//! | [`pub_sub`] | what replicas tell each other after a commit, through Redis |
//! | [`proof`] | the ledger read back and checked against the counts |
//! | [`engine`] | [`Inventory`], which puts them together |
//!
//! Invariants, held by CHECK constraints and unique keys and proved by the ledger: in every pool
//! `free >= 0` and `free + held + sold = capacity`; a named seat belongs to at most one live hold;
//! a success is answered after its commit is durable.
//!
//! It does not know what the units are: flights, events and prices belong to the services.

#![warn(missing_docs)]

pub mod command;
pub mod committer;
pub mod decide;
pub mod engine;
pub mod gate;
mod in_flight;
mod migrations;
pub mod proof;
pub mod pub_sub;
mod replay_lookup;
pub mod rows;
pub mod state;
mod store;
pub mod verdict;

pub use command::{
    Command, Direction, HoldCommand, LegRequest, NewPool, PoolChange, SeatChange, Until,
};
pub use engine::{Databases, Inventory, Settings};
pub use gate::Gate;
pub use migrations::migrations;
pub use rows::{RowStatement, Rows};
pub use store::{
    CreateError, EnteredMovement, LedgerPart, LedgerPlace, LiveSeat, SeatMap, StoreError,
    create_pools, pool_counts,
};
pub use verdict::{Accepted, Adjusted, HoldView, InventoryError, PoolCount, Refusal, Verdict};
