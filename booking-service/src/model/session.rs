//! A session, as its row has it.

use jiff::Timestamp;

use crate::model::user::User;

/// A session: the cookie's value names it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who is logged in.
    pub user: User,
    /// Until when.
    pub expires_at: Timestamp,
}

/// One of a user's sessions, as the user may look at it.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// What it is called; its cookie can't be told from it.
    pub id: String,
    /// The browser's name for itself.
    pub user_agent: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_current: bool,
}
