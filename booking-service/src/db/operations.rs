//! Statistics over the tables of the other folders.

pub mod dashboard;
