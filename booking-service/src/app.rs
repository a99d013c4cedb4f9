//! Business decisions, without SQL and HTTP.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`bookings`] | bookings of flights: the channels, the booking engine and its workers |
//! | [`tickets`] | events, their bookings and vouchers, ticket options: pools of this service's own inventory |
//! | [`accounts`] | users, log-in, and access by ownership |
//! | [`catalog`] | flights, fares and airports of flight-service, for customers who look before they book |
//! | [`operations`] | the dashboard and the ledger proof, for staff |
//! | [`key_locks`] | keyed locks, for requests under one key and for customers' limits |
//!
//! A booking's state machine is `crates/lifecycle`.

pub mod accounts;
pub mod bookings;
pub mod catalog;
mod error;
pub mod key_locks;
pub mod operations;
pub mod tickets;

pub use self::error::{AppError, Unknown};
