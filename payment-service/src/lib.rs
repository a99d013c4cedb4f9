//! payment-service: charges and refunds, once per key.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `application` | what is put together at the start |
//! | [`routes`] | the HTTP calls: extract, parse, call, answer; errors become HTTP here |
//! | [`app`] | what is decided: charge, replay, take over, close, refund |
//! | [`db`] | the tables `charges` and `refunds`; SQL only here |
//! | [`provider`] | who takes the money; the mock |
//! | [`mod@charge`] | the words of this service as types |
//! | [`settings`] | the settings and their defaults |
//!
//! What holds, whatever is killed in between: a key makes at most one charge; a charge ends once; an
//! outcome is answered only after it is committed; a key has a charge or a tombstone, never both; no
//! more is given back than was taken.
//!
//! Deliberately not here: bookings, and retries of a declined charge, which are the caller's.

pub mod app;
mod application;
pub mod charge;
pub mod db;
pub mod provider;
pub mod routes;
pub mod settings;

pub use application::{Application, NAME, migrate};
