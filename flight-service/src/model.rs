//! Values of this service, without I/O.

pub mod adjustment;
