//! Whose something is, and who may know of it: its owner and staff. To anybody else it is not there, for
//! that somebody has booked something is a secret too.

use service_core::caller::{Caller, Role};
use uuid::Uuid;

use crate::app::AppError;
use crate::model::booking::{Booking, Channel};
use crate::model::event_booking::EventBooking;
use crate::model::ticket_option::Purchase;

/// What belongs to a user.
pub trait Owned: Sized {
    /// The user, as requests name them.
    fn owner(&self) -> &str;

    /// What is said of one that is not there.
    fn unknown(&self) -> AppError;

    /// Itself, if the caller may know of it.
    ///
    /// # Errors
    /// As if it were not there.
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
            Channel::Seats | Channel::Simple => AppError::UnknownOrder,
            Channel::Event => AppError::UnknownEventBooking,
            Channel::Count => AppError::UnknownBooking(self.id),
        }
    }
}

impl Owned for EventBooking {
    fn owner(&self) -> &str {
        &self.user
    }

    fn unknown(&self) -> AppError {
        AppError::UnknownEventBooking
    }
}

impl Owned for Purchase {
    fn owner(&self) -> &str {
        &self.user
    }

    fn unknown(&self) -> AppError {
        AppError::UnknownPurchase
    }
}

/// That a caller may know of this user.
///
/// # Errors
/// As if there were none.
pub fn check_user(id: Uuid, caller: &Caller) -> Result<(), AppError> {
    if caller.may_act_for(&id.to_string()) {
        Ok(())
    } else {
        Err(AppError::UnknownUser)
    }
}

/// Whether the caller is this user.
#[must_use]
pub fn is_own(id: Uuid, caller: &Caller) -> bool {
    caller.subject() == Some(id.to_string().as_str())
}

/// That a caller may change this user's password: their own, or an admin's call. An agent who gave a customer
/// a password would be an admin once the customer is made one.
///
/// # Errors
/// As if there were no such user, or where somebody else would change it.
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
