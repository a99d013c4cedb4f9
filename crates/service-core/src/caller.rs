//! The authenticated caller of a request, and what it may do.

use std::sync::Arc;

pub use tokens::Role;

/// The caller of a request. Handlers take it as an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// The service is open: every caller may act for any user and as admin.
    Open,
    /// The request had no token.
    Anonymous,
    /// The request had a valid token.
    Known { subject: Arc<str>, role: Role },
}

impl Caller {
    /// A caller of an open service: may act for any user and as admin.
    #[must_use]
    pub fn open() -> Self {
        Self(Kind::Open)
    }

    /// A caller without a token.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(Kind::Anonymous)
    }

    /// A caller with a valid token.
    #[must_use]
    pub fn known(subject: &str, role: Role) -> Self {
        Self(Kind::Known {
            subject: subject.into(),
            role,
        })
    }

    /// The role; `None` without a token, admin in an open service.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        match self.0 {
            Kind::Open => Some(Role::Admin),
            Kind::Anonymous => None,
            Kind::Known { role, .. } => Some(role),
        }
    }

    /// The token's subject; `None` without a token and in an open service.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        match &self.0 {
            Kind::Known { subject, .. } => Some(subject),
            Kind::Open | Kind::Anonymous => None,
        }
    }

    /// Whether the caller may act for any customer: an agent or an admin.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        matches!(self.role(), Some(Role::Agent | Role::Admin))
    }

    /// Whether the caller may see owners: staff, and services, which have to tell owners apart.
    #[must_use]
    pub fn sees_owners(&self) -> bool {
        self.is_staff() || self.role() == Some(Role::Service)
    }

    /// Whether the caller may see and change what belongs to this user: the user themselves, or staff.
    #[must_use]
    pub fn may_act_for(&self, user: &str) -> bool {
        self.is_staff() || self.role() == Some(Role::Customer) && self.subject() == Some(user)
    }

    /// Checks that the request names its own caller as the user; staff may name anybody. `field` is named in
    /// the error.
    ///
    /// # Errors
    /// [`AccessDenied::NotSelf`] if it names somebody else.
    pub fn check_names_self(&self, field: &'static str, user: &str) -> Result<(), AccessDenied> {
        if self.may_act_for(user) {
            return Ok(());
        }
        Err(AccessDenied::NotSelf(field))
    }

    /// Checks that the caller is staff.
    ///
    /// # Errors
    /// [`AccessDenied::Unauthenticated`] without a token, [`AccessDenied::NotStaff`] with another role.
    pub fn check_is_staff(&self) -> Result<(), AccessDenied> {
        match self.role() {
            Some(_) if self.is_staff() => Ok(()),
            Some(_) => Err(AccessDenied::NotStaff),
            None => Err(AccessDenied::Unauthenticated),
        }
    }

    /// An idempotency key within this caller's namespace. All callers of an open service share one.
    #[must_use]
    pub fn scoped_key(&self, key: &str) -> String {
        match self.subject() {
            // The length prefix keeps "a b" + "c" apart from "a" + "b c".
            Some(subject) => format!("of {}:{subject} {key}", subject.len()),
            None if self.role().is_none() => format!("of nobody {key}"),
            None => key.to_owned(),
        }
    }
}

/// Why a caller may not do something: 401 or 403.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessDenied {
    /// The request has no token.
    #[error("this needs a token")]
    Unauthenticated,
    /// The caller is neither an agent nor an admin.
    #[error("only staff may do this")]
    NotStaff,
    /// This field names a user other than the caller.
    #[error("{0} is not the user that the token is for")]
    NotSelf(&'static str),
}

/// What the service that keeps the users knows of a token's subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// Not a user of this service: the token alone decides.
    Foreign,
    /// A user of this service, and the role stored for them.
    User(Role),
    /// A user of this service who was deleted.
    Former,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_act_for_themselves_and_staff_for_anybody() {
        for (caller, own, others) in [
            (Caller::open(), true, true),
            (Caller::anonymous(), false, false),
            (Caller::known("7", Role::Customer), true, false),
            (Caller::known("7", Role::Service), false, false),
            (Caller::known("7", Role::Agent), true, true),
            (Caller::known("7", Role::Admin), true, true),
        ] {
            assert_eq!(caller.may_act_for("7"), own, "{caller:?}");
            assert_eq!(caller.may_act_for("8"), others, "{caller:?}");
            assert_eq!(caller.check_names_self("user_id", "8").is_ok(), others);
        }
    }

    #[test]
    fn keys_of_two_callers_never_meet() {
        let key = |subject: &str, key: &str| Caller::known(subject, Role::Customer).scoped_key(key);
        assert_ne!(key("a", "b c"), key("a b", "c"));
        assert_ne!(key("a", "k"), key("b", "k"));
        assert_ne!(key("a", "k"), Caller::anonymous().scoped_key("of 1:a k"));
        assert_ne!(key("nobody", "k"), Caller::anonymous().scoped_key("k"));
        assert_eq!(Caller::open().scoped_key("k"), "k");
    }
}
