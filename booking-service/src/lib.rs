//! booking-service: bookings, orders, events and ticket options.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `application` | what is put together at the start |
//! | [`http`] | what routes and pages have in common |
//! | [`routes`] | the HTTP calls: extract, parse, call, answer; errors become HTTP here |
//! | [`pages`] | the web pages: the same, rendered for people |
//! | [`app`] | what is decided: a booking, its steps, who goes on with it, the channels |
//! | [`db`] | the tables of bookings, events and ticket options; SQL only here |
//! | [`settings`] | the settings and their defaults |
//!
//! A booking's row is written before anything is asked of another service, and after each answer; what
//! is asked carries a name that the row has. So a booking that was stopped anywhere is finished by
//! whoever finds it, and nothing is held or charged twice. A network call is never made inside a
//! database transaction.
//!
//! Tickets to events and ticket options are counted here, by an inventory of this service's own in its
//! database. Deliberately not here: the counts of seats, which are flight-service's, and money, which is
//! payment-service's.

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
