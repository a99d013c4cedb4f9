//! Tickets to events: bought, watched while their payment is made, given up.

pub(super) mod booking;
pub(super) mod buy;
pub(super) mod form;
mod panel;
mod shown;
pub(super) mod watched;
