//! Users, log-in, and access by ownership.

pub mod authentication;
pub(crate) mod common_passwords;
pub mod live_sessions;
pub mod login_throttle;
pub mod ownership;
pub mod passwords;
pub mod users;
