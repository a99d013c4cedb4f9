//! The service's values: no I/O.

pub mod adjustment;
