//! Users, what is asked for when one is made or changed, and their roles.

use crate::model::text::{Email, Name};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::caller::Role;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

/// What a user may do once they have logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserRole {
    /// Books in their own name.
    Customer,
    /// Acts for customers.
    Agent,
    /// Does everything.
    Admin,
}

impl UserRole {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Role::from(self).as_str()
    }

    /// The role that is stored as this text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Customer, Self::Agent, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: Uuid,
    /// What the user is called.
    pub name: String,
    /// Where mail goes.
    pub email: String,
    /// What the user may do.
    pub role: UserRole,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What the user is called.
    pub name: Name,
    /// Where mail goes.
    pub email: Email,
    /// Under which key the client asks, if any.
    pub key: Option<RequestKey>,
}

/// What is to change of a user.
#[derive(Clone, Debug)]
pub struct UserChange {
    /// What the user is called.
    pub name: Option<Name>,
    /// Where mail goes.
    pub email: Option<Email>,
    /// What the user may do: from the next request of each session on, and in tokens from the next one on.
    pub role: Option<UserRole>,
}

/// What became of a user that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Deleted,
    /// It was not there.
    Unknown,
    /// It has bookings that have not ended.
    HasBookings,
}
