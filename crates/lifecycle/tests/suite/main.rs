//! The machine alone, state by state, and the machine at work between services that may fail.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can't go on fails"
)]

mod broken;
mod every_state;
mod model;
mod model_checks;
mod table;
mod universe;
