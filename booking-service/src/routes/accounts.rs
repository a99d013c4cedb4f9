//! Calls about users and their sessions.

pub(crate) mod sessions;
pub(crate) mod users;
