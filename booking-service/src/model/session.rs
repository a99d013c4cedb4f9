//! A session as its row has it.

use crate::model::user::User;
use jiff::Timestamp;

/// A session: the cookie's value names it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who is logged in.
    pub user: User,
    /// Until when.
    pub expires_at: Timestamp,
}
