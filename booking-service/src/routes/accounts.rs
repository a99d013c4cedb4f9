//! Calls about users and their sessions.

pub mod sessions;
pub(crate) mod users;
