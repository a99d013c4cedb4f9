//! flight-service: flights, itinerary search, seats.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `application` | what is put together at the start |
//! | [`routes`] | the HTTP calls: extract, parse, call, answer; errors become HTTP here |
//! | [`app`] | what is decided: search over the schedule in memory, seats through the inventory |
//! | [`db`] | the schedule's tables; SQL only here |
//! | [`import`] | schedules from CSV files into the database |
//! | [`settings`] | the settings and their defaults |
//!
//! PostgreSQL has the schedule and the seats. In memory are the timetable, which search runs on, and
//! a counter of free seats for each flight; both follow the database. Redis has the gate, and what searches found if the settings say
//! so.
//!
//! Deliberately not here: bookings and money. This service calls no other.

pub mod app;
mod application;
pub mod db;
pub mod import;
mod names;
pub mod routes;
pub mod settings;

pub use application::{Application, migrate};
pub use names::{NAME, POOL_KIND};
