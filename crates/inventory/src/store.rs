//! The SQL: reads and writes rows. [`crate::decide`] gives them their meaning.

mod create;
mod error;
mod ledger;
mod load;
mod plans;
mod read;
mod seats;
mod write;

pub use create::create_pools;
pub use error::{CreateError, StoreError};
pub(crate) use ledger::movements;
pub use ledger::{LedgerPosition, RecordedMovement};
pub(crate) use load::{Repeats, load};
pub(crate) use plans::PLANNER_SETTINGS;
pub use read::pool_counts;
pub(crate) use read::{ExpiredHold, expired_holds, recorded_adjustments, recorded_holds};
pub(crate) use seats::seat_map;
pub use seats::{LiveSeat, SeatMap};
pub(crate) use write::{execute, prepare, prepare_rows};
