use crate::model::text::{Email, Name};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::caller::Role;
use service_core::idempotency::RequestKey;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserRole {
    /// Books in their own name.
    Customer,
    /// Acts for customers.
    Agent,
    /// May do everything.
    Admin,
}

impl UserRole {
    /// The stored text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Role::from(self).as_str()
    }

    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Customer, Self::Agent, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

#[derive(Clone, Debug)]
pub struct User {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub role: UserRole,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewUser {
    pub name: Name,
    pub email: Email,
    pub key: Option<RequestKey>,
}

/// The fields of a user to change; `None` leaves a field as it is.
#[derive(Clone, Debug)]
pub struct UserChange {
    pub name: Option<Name>,
    pub email: Option<Email>,
    /// Takes effect with the next request of each session, and with the next token.
    pub role: Option<UserRole>,
}

/// Outcome of deleting a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    Deleted,
    /// There is no such user.
    Unknown,
    /// The user has bookings that have not ended.
    HasBookings,
}
