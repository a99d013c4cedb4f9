//! Access rules of endpoints.

use actix_web::http::Method;
use tokens::Role;

use service_core::caller::Caller;

/// Who may call. Admins may call everything, so no rule names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody; tokens are ignored.
    Public,
    /// Everybody; a valid token identifies the caller, and an invalid one counts as none.
    Anyone,
    /// Callers whose token has one of these roles, and admins.
    Only(&'static [Role]),
}

/// The rule of one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub access: Access,
    /// The audit log's entry; `None`: not recorded.
    pub recorded: Option<Recorded>,
    /// Changes nothing, although its method could.
    pub is_read: bool,
}

/// The call is written to the audit log before it runs. Customers' calls never are.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// The action's name, such as `flight.cancel`.
    pub name: &'static str,
    /// Other services do this daily: their calls are not recorded, nor are those of an open service, which
    /// can't tell callers apart.
    pub is_daily_for_services: bool,
}

impl Recorded {
    /// Whether this caller's call is recorded.
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
    /// The same rule, recorded under this name.
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

    /// The same rule, recorded under this name except for other services.
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

    /// The same rule for a call that changes nothing whatever its method, and so needs no record.
    #[must_use]
    pub const fn read_only(self) -> Self {
        Self {
            is_read: true,
            ..self
        }
    }

    /// Whether staff could change something through this method without a record.
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

/// Open to everybody.
#[must_use]
pub const fn public() -> Rule {
    Rule::new(Access::Public)
}

/// Open to everybody, with more for callers that authenticate.
#[must_use]
pub const fn anyone() -> Rule {
    Rule::new(Access::Anyone)
}

/// Only these roles, and admins.
#[must_use]
pub const fn only(roles: &'static [Role]) -> Rule {
    Rule::new(Access::Only(roles))
}

/// Customers, and agents who act for them.
pub const USERS: &[Role] = &[Role::Customer, Role::Agent];
/// Agents, who act for customers.
pub const STAFF: &[Role] = &[Role::Agent];
pub const SERVICES: &[Role] = &[Role::Service];
/// Only admins, who may call everything.
pub const ADMINS: &[Role] = &[];
