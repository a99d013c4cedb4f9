//! A server's superuser.

/// The server's superuser, which the services and tests use.
pub const USER: &str = "holdfast";
