//! Orders with chosen seats: make, watch, pay, change, cancel.

pub(super) mod change;
pub(super) mod make;
pub(super) mod order;
mod panel;
mod shown;
pub(super) mod stream;

pub(super) use panel::{again, badge};
