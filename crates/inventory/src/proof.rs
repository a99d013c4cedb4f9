//! The proof: compares the ledger with the pools, holds and seats.
//!
//! Two checks share it. The proof itself is incremental: each pool has a checkpoint, its row as of a version up to
//! which everything was found to add up; the proof compares rows with checkpoints and adds what was entered
//! since, so that it reads no table whole. The re-count adds up all entries from the first, pool by pool, in the
//! background: it finds what was changed behind the checkpoints.
//!
//! | module | contents |
//! | --- | --- |
//! | `report` | [`Proof`]: the sums and the contradictions |
//! | `check` | the comparison of some pools, from their checkpoints or from the first entry |
//! | `incremental` | [`prove`]: all pools, from their checkpoints |
//! | [`checkpoints`] | moves the checkpoints on |
//! | [`recount`] | adds up from the first entry, range by range, in the background |
//! | `whole` | [`prove_whole`]: the same in one snapshot, for the audit and for tests |
//! | `single_flight` | one proof at a time, for all who ask |

mod check;
pub mod checkpoints;
mod incremental;
pub mod recount;
mod report;
mod single_flight;
mod whole;

pub use incremental::prove;
pub use report::{Proof, Recounted, Violation};
pub(crate) use single_flight::Proofs;
pub use whole::prove_whole;
