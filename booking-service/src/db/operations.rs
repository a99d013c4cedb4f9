//! Queries over the tables of others, for the dashboard.

pub mod dashboard;
