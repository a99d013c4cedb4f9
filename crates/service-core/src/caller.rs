//! Who calls.

use std::sync::Arc;

pub use tokens::Role;

/// Who calls. Handlers take it as an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// The service is open: whoever calls may act for any user and as admin.
    Open,
    /// Nobody knows.
    Anonymous,
    /// A token's bearer.
    Known { subject: Arc<str>, role: Role },
}

impl Caller {
    /// Whoever calls a service that is open: may act for any user and as admin.
    #[must_use]
    pub fn open() -> Self {
        Self(Kind::Open)
    }

    /// Somebody without a token.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(Kind::Anonymous)
    }

    /// The bearer of a token.
    #[must_use]
    pub fn known(subject: &str, role: Role) -> Self {
        Self(Kind::Known {
            subject: subject.into(),
            role,
        })
    }

    /// What the caller may be; none without a token.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        match self.0 {
            Kind::Open => Some(Role::Admin),
            Kind::Anonymous => None,
            Kind::Known { role, .. } => Some(role),
        }
    }

    /// The caller's name, if it is known.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        match &self.0 {
            Kind::Known { subject, .. } => Some(subject),
            Kind::Open | Kind::Anonymous => None,
        }
    }

    /// Whether the caller acts for any customer: an agent or an admin.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        matches!(self.role(), Some(Role::Agent | Role::Admin))
    }

    /// Whether the caller is told who has what: staff, and services, which have to tell owners apart.
    #[must_use]
    pub fn sees_owners(&self) -> bool {
        self.is_staff() || self.role() == Some(Role::Service)
    }

    /// Whether what belongs to this user may be seen and changed by the caller: it is their own, or they
    /// are staff.
    #[must_use]
    pub fn may_act_for(&self, user: &str) -> bool {
        self.is_staff() || self.role() == Some(Role::Customer) && self.subject() == Some(user)
    }

    /// That a request names its own caller as the user, in this field; staff may name anybody.
    ///
    /// # Errors
    /// When it names somebody else.
    pub fn check_names_self(&self, field: &'static str, user: &str) -> Result<(), AccessDenied> {
        if self.may_act_for(user) {
            return Ok(());
        }
        Err(AccessDenied::NotSelf(field))
    }

    /// That the caller is staff.
    ///
    /// # Errors
    /// When nobody knows who it is, or it is somebody else.
    pub fn check_is_staff(&self) -> Result<(), AccessDenied> {
        match self.role() {
            Some(_) if self.is_staff() => Ok(()),
            Some(_) => Err(AccessDenied::NotStaff),
            None => Err(AccessDenied::Unauthenticated),
        }
    }

    /// A key that this caller sent, so that nobody else's is the same; those of an open service are
    /// everybody's.
    #[must_use]
    pub fn scoped_key(&self, key: &str) -> String {
        match self.subject() {
            // The length keeps a name that has spaces apart from a key that has them.
            Some(subject) => format!("of {}:{subject} {key}", subject.len()),
            None if self.role().is_none() => format!("of nobody {key}"),
            None => key.to_owned(),
        }
    }
}

/// Why a caller may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessDenied {
    /// Nobody knows who calls.
    #[error("this needs a token")]
    Unauthenticated,
    /// The caller is no agent and no admin.
    #[error("only staff may do this")]
    NotStaff,
    /// This field names another user than the caller.
    #[error("{0} is not the user that the token is for")]
    NotSelf(&'static str),
}

/// What is known of a token's subject where the users are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// Somebody else's user, or a program: the token says all there is to know.
    Foreign,
    /// A user of this service, who has this role.
    User(Role),
    /// One who was a user of this service.
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
