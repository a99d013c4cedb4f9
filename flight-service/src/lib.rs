//! flight-service: flights, itinerary search, seats.
//!
//! | module | contents |
//! | --- | --- |
//! | `application` | the composition root |
//! | [`routes`] | the HTTP endpoints: extract, parse, call, answer; errors become HTTP here |
//! | [`app`] | the decisions: search over the schedule in memory, seats through the inventory |
//! | [`db`] | the schedule's tables; SQL only here |
//! | [`model`] | values, without I/O |
//! | [`import`] | imports schedules from CSV files |
//! | [`settings`] | the settings and their defaults |
//!
//! PostgreSQL stores the schedule and the seats. In memory are the timetable that search runs on and a live
//! counter of free seats per flight; both follow the database. Redis has the gate, and optionally the cache
//! of search results.
//!
//! Deliberately absent: bookings and money. This service calls no other.

pub mod app;
mod application;
pub mod db;
pub mod import;
pub mod model;
mod names;
pub mod routes;
pub mod settings;

pub use application::{Application, migrate};
pub use names::{NAME, POOL_KIND};
