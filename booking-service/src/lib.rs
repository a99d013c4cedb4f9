//! booking-service: bookings of flights, orders, events and ticket options.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `application` | assembly: stores, app, background tasks, HTTP server |
//! | [`http`] | shared by routes and pages: extractors, and the mapping of errors to HTTP |
//! | [`routes`] | HTTP endpoints: extract, parse, call, answer |
//! | [`pages`] | web pages over the same app |
//! | [`app`] | business decisions: the booking engine, the channels, tickets, accounts |
//! | [`model`] | rows and values, without I/O |
//! | [`db`] | SQL, one file per table |
//! | [`settings`] | settings and their defaults |
//!
//! A booking's row is written before each call to another service and after its answer, and every call
//! carries an idempotency key derived from the row. So any worker can complete a booking that was interrupted
//! at any point, and nothing is held or charged twice. No network call is made inside a database transaction.
//!
//! Tickets of events and ticket options are counted here, by an inventory in this service's own database.
//! Deliberately not here: seats, which flight-service counts, and money, which payment-service moves.

pub mod app;
mod application;
pub mod db;
pub mod http;
pub mod model;
mod names;
pub mod pages;
pub mod routes;
pub mod settings;

pub use application::{Application, migrate};
pub use names::{NAME, POOL_KIND};
