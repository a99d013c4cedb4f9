use jiff::Timestamp;

use crate::model::user::User;

/// A login session; the cookie carries its token.
#[derive(Clone, Debug)]
pub struct Session {
    pub user: User,
    pub expires_at: Timestamp,
}

/// One of a user's sessions, for the account page.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// Public; the cookie's token cannot be derived from it.
    pub id: String,
    /// The browser's `User-Agent`.
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Whether it is the session of the request.
    pub is_current: bool,
}
