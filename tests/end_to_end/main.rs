//! The three services together, as their users see them, against real servers.
//!
//! Each test has its own services and databases. At its end it is checked that every booking has reached its
//! end, with exactly its seats and its money.

mod access;
mod bad_requests;
mod bookings;
mod bounds;
mod caller;
mod cancel;
mod connections;
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
mod services;
mod simple_orders;
mod streams;
mod vouchers;
