//! Access by ownership: a resource is visible to its owner and to staff. To anybody else it looks unknown,
//! because its existence is confidential too.

use service_core::caller::{Caller, Role};
use uuid::Uuid;

use crate::app::{AppError, Unknown};
use crate::model::booking::{Booking, Channel};
use crate::model::event_booking::EventBooking;
use crate::model::ticket_option::Purchase;

/// A resource with an owner.
pub trait Owned: Sized {
    fn owner(&self) -> &str;

    /// The error for an unknown resource of this kind.
    fn unknown(&self) -> AppError;

    /// Itself, if the caller may see it; otherwise [`Self::unknown`].
    fn for_caller(self, caller: &Caller) -> Result<Self, AppError> {
        if caller.may_act_for(self.owner()) {
            Ok(self)
        } else {
            Err(self.unknown())
        }
    }
}

impl Owned for Booking {
    fn owner(&self) -> &str {
        &self.user
    }

    fn unknown(&self) -> AppError {
        match self.channel {
            Channel::Seats | Channel::Simple => AppError::Unknown(Unknown::Order),
            Channel::Event => AppError::Unknown(Unknown::EventBooking),
            Channel::Count => AppError::Unknown(Unknown::Booking(self.id)),
        }
    }
}

impl Owned for EventBooking {
    fn owner(&self) -> &str {
        &self.user
    }

    fn unknown(&self) -> AppError {
        AppError::Unknown(Unknown::EventBooking)
    }
}

impl Owned for Purchase {
    fn owner(&self) -> &str {
        &self.user
    }

    fn unknown(&self) -> AppError {
        AppError::Unknown(Unknown::Purchase)
    }
}

/// [`Unknown::User`] unless the caller may act for this user.
pub fn check_user(id: Uuid, caller: &Caller) -> Result<(), AppError> {
    if caller.may_act_for(&id.to_string()) {
        Ok(())
    } else {
        Err(AppError::Unknown(Unknown::User))
    }
}

#[must_use]
pub fn is_own(id: Uuid, caller: &Caller) -> bool {
    caller.subject() == Some(id.to_string().as_str())
}

/// Users may set their own password, admins anybody's. Agents may not: an agent who set a customer's password
/// would gain an admin account once that customer is promoted.
pub fn check_may_set_password(id: Uuid, caller: &Caller) -> Result<(), AppError> {
    check_user(id, caller)?;
    if is_own(id, caller) || caller.role() == Some(Role::Admin) {
        Ok(())
    } else {
        Err(AppError::Forbidden(
            "only admins may change others' passwords",
        ))
    }
}
