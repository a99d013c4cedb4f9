//! payment-service: charges and refunds, once per key.
//!
//! | module | contents |
//! | --- | --- |
//! | `application` | the composition root |
//! | [`routes`] | the HTTP endpoints: extract, parse, call, answer; errors become HTTP here |
//! | [`app`] | the decisions: charge, replay, take over, close, refund |
//! | [`db`] | the tables `charges` and `refunds`; SQL only here |
//! | [`provider`] | the payment provider's interface, and the mock |
//! | [`mod@charge`] | the domain types |
//! | [`settings`] | the settings and their defaults |
//!
//! Invariants, which hold across crashes: a key makes at most one charge; a charge ends once; an outcome is
//! answered only after its commit; a key has a charge or a tombstone, never both; refunds never exceed their
//! charge.
//!
//! Deliberately absent: bookings, and retries of a declined charge, which are the caller's.

pub mod app;
mod application;
pub mod charge;
pub mod db;
pub mod provider;
pub mod routes;
pub mod settings;

pub use application::{Application, NAME, migrate};
