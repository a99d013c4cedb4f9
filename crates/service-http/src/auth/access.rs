//! For whom each call is.

use actix_web::http::Method;
use tokens::Role;

use service_core::caller::Caller;

/// For whom a call is. Admins may do everything, so no rule names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// For everybody; tokens are not looked at.
    Public,
    /// For everybody; who has a token that holds is known by it. One that does not hold counts as none.
    Anyone,
    /// For those whose token has one of these roles, and for admins.
    Only(&'static [Role]),
}

/// The rule of one call.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// For whom it is.
    pub access: Access,
    /// Whether it is written down before it is done.
    pub recorded: Option<Recorded>,
    /// Whether it changes nothing, though its method may.
    pub is_read: bool,
}

/// That a call is written down before it is done. A customer's never is.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// Under which name.
    pub name: &'static str,
    /// Whether it is daily work for other services: theirs is not written down then, nor is that of callers
    /// whom an open service can't tell from them.
    pub is_daily_for_services: bool,
}

impl Recorded {
    /// Whether a call of this caller is written down.
    #[must_use]
    pub fn concerns(&self, caller: &Caller) -> bool {
        match caller.role() {
            Some(Role::Agent | Role::Admin) => {
                caller.subject().is_some() || !self.is_daily_for_services
            }
            Some(Role::Service) => !self.is_daily_for_services,
            Some(Role::Customer) | None => false,
        }
    }
}

impl Rule {
    /// The same call, written down under this name before it is done.
    #[must_use]
    pub const fn recorded(self, name: &'static str) -> Self {
        let recorded = Recorded {
            name,
            is_daily_for_services: false,
        };
        Self {
            recorded: Some(recorded),
            ..self
        }
    }

    /// The same, but for what other services do day by day.
    #[must_use]
    pub const fn recorded_of_staff(self, name: &'static str) -> Self {
        let recorded = Recorded {
            name,
            is_daily_for_services: true,
        };
        Self {
            recorded: Some(recorded),
            ..self
        }
    }

    /// The same call, which changes nothing whatever its method: so it need not be written down.
    #[must_use]
    pub const fn read_only(self) -> Self {
        Self {
            is_read: true,
            ..self
        }
    }

    /// Whether staff may change something by this method, and nobody would know.
    pub(crate) fn is_unrecorded_change(&self, method: &Method) -> bool {
        let is_for_staff = self.access != Access::Public;
        let changes = !self.is_read && *method != Method::GET;
        is_for_staff && changes && self.recorded.is_none()
    }

    const fn new(access: Access) -> Self {
        Self {
            access,
            recorded: None,
            is_read: false,
        }
    }
}

/// A call for everybody.
#[must_use]
pub const fn public() -> Rule {
    Rule::new(Access::Public)
}

/// A call for everybody that answers more to those it knows.
#[must_use]
pub const fn anyone() -> Rule {
    Rule::new(Access::Anyone)
}

/// A call for these roles, and for admins.
#[must_use]
pub const fn only(roles: &'static [Role]) -> Rule {
    Rule::new(Access::Only(roles))
}

/// Customers, and agents who act for them.
pub const USERS: &[Role] = &[Role::Customer, Role::Agent];
/// Those who act for customers.
pub const STAFF: &[Role] = &[Role::Agent];
/// Other services.
pub const SERVICES: &[Role] = &[Role::Service];
/// Nobody but admins.
pub const ADMINS: &[Role] = &[];
