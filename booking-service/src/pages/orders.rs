//! Orders: made, watched, paid, changed, given up.

pub(super) mod change;
pub(super) mod make;
pub(super) mod order;
mod panel;
mod shown;
pub(super) mod watched;

pub(super) use panel::{again, badge};
