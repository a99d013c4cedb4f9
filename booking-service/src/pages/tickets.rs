//! Event tickets: buy, watch the payment, cancel.

pub(super) mod booking;
pub(super) mod buy;
pub(super) mod form;
mod panel;
mod shown;
pub(super) mod stream;
