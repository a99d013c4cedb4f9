//! Inventory: pools of units, holds on them, and a ledger that proves both.
//!
//! It is built like a small database engine. Commands wait in a bounded queue. The committer takes the waiting
//! commands as one batch, loads and locks their rows, passes them to the pure function [`decide`], writes the
//! changes, commits, and only then answers (group commit).
//! decide the batch, writes the changes, commits, and only then answers.
//!
//! | module | contents |
//! | --- | --- |
//! | [`command`] | the commands |
//! | [`verdict`] | the answers: accepted, or refused with a code |
//! | [`state`] | pools, holds and seats in memory, and the changes to write |
//! | [`decide`] | the decisions: no I/O, no clock |
//! | [`committer`] | runs batches; retries those whose outcome is unknown |
//! | `row_cache`, `clock` | what is known from the last batches: rows, and the database's time |
//! | [`rows`] | rows that callers write in their command's transaction |
//! | `store` | the SQL |
//! | [`gate`] | the Redis copy of free counts, which refuses early and never grants |
//! | `replay_lookup`, `in_flight` | repeated commands: the recorded verdict, or the pending one |
//! | [`pub_sub`] | changed counts between replicas, through Redis |
//! | [`proof`] | checks the ledger against the counts |
//! | [`partitions`], [`upkeep`] | the ledger's partitions; what runs in the background |
//! | [`engine`] | [`Inventory`], which assembles them |
//!
//! Invariants, enforced by CHECK constraints and unique keys and proved by the ledger: every pool has `free >=
//! 0` and `free + held + sold = capacity`; a named seat belongs to at most one live hold; a success is answered
//! after its commit is durable.
//!
//! The inventory does not know what the units are: flights, events and prices belong to the services.

#![warn(missing_docs)]

mod clock;
pub mod command;
pub mod committer;
pub mod decide;
pub mod engine;
pub mod gate;
mod in_flight;
mod migrations;
pub mod partitions;
pub mod proof;
pub mod pub_sub;
pub mod refusal;
mod replay_lookup;
mod row_cache;
pub mod rows;
pub mod state;
mod store;
mod submission;
pub mod upkeep;
pub mod verdict;

pub use command::{
    Command, Direction, HoldCommand, LegRequest, NewPool, PoolChange, SeatChange, Until,
};
pub use engine::{Databases, Inventory, Settings};
pub use gate::Gate;
pub use migrations::migrations;
pub use refusal::Refusal;
pub use rows::{RowStatement, Rows};
pub use state::PoolCount;
pub use store::{
    CreateError, LedgerPosition, LiveSeat, RecordedMovement, SeatMap, StoreError, create_pools,
    pool_counts,
};
pub use submission::Submission;
pub use verdict::{Accepted, Adjusted, HoldView, InventoryError, Verdict};
