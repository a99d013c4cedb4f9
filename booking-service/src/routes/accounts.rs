//! Users and their login sessions.

pub(crate) mod sessions;
pub(crate) mod users;
