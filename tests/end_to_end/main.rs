//! The three services together, as their users see them, against real servers.
//!
//! Each test has services and databases of its own. When they are dropped, it is checked that every
//! booking has come to its end, with exactly the seats and the money that belong to it.

mod access;
mod bad_requests;
mod bookings;
mod bounds;
mod cancel;
mod connections;
#[path = "../shared/databases.rs"]
mod databases;
mod declined_payments;
mod deployment;
mod event_bookings;
mod events;
mod flight_outages;
mod fuzz;
mod gated;
mod http_rules;
mod invariants;
mod itineraries;
mod keyed_routes;
mod keys;
mod limits;
mod mid_payment;
mod migrations;
mod order_changes;
mod ordering;
mod orders;
mod payment_outages;
mod payment_queue;
mod refusals;
mod replicas;
mod restarts;
mod sale_rules;
mod schedule;
mod services;
mod settings;
mod simple_orders;
mod sql;
mod streams;
mod vouchers;
