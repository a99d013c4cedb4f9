//! The SQL: reads and writes rows. [`crate::decide`] gives them their meaning.

mod create;
mod decode;
mod error;
mod ledger;
mod load_locked;
mod load_unlocked;
mod parts;
mod read;
mod seats;
mod write;

pub use create::create_pools;
pub use error::{CreateError, StoreError};
pub(crate) use ledger::movements;
pub use ledger::{LedgerPosition, RecordedMovement};
pub(crate) use load_locked::{Loaded, Repeats, load_locked};
pub(crate) use load_unlocked::{LoadedUnlocked, load_unlocked};
pub use read::pool_counts;
pub(crate) use read::{ExpiredHold, expired_holds, recorded_adjustments, recorded_holds};
pub(crate) use seats::seat_map;
pub use seats::{LiveSeat, SeatMap};
pub(crate) use write::{DecidedAt, Write, is_stale, prepare, prepare_rows};
