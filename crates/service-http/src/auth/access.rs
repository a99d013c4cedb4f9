//! For whom each call is.

use std::collections::HashMap;
use std::sync::Arc;

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
    /// Its method.
    pub method: &'static str,
    /// Its path, as it is registered.
    pub path: &'static str,
    /// For whom it is.
    pub access: Access,
    /// Whether it is written down before it is done.
    pub recorded: Option<Recorded>,
    /// Whether it changes nothing, though its method may.
    pub is_read: bool,
}

/// How calls are recorded that no rule names: they are for admins only.
pub const UNNAMED: Recorded = Recorded {
    name: "unnamed",
    is_daily_for_services: false,
};

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
    /// A call for everybody.
    #[must_use]
    pub const fn public(method: &'static str, path: &'static str) -> Self {
        Self::new(method, path, Access::Public)
    }

    /// A call for everybody that answers more to those it knows.
    #[must_use]
    pub const fn anyone(method: &'static str, path: &'static str) -> Self {
        Self::new(method, path, Access::Anyone)
    }

    /// A call for these roles, and for admins.
    #[must_use]
    pub const fn only(roles: &'static [Role], method: &'static str, path: &'static str) -> Self {
        Self::new(method, path, Access::Only(roles))
    }

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

    /// Whether staff may change something by it, and nobody would know.
    fn is_unrecorded_change(&self) -> bool {
        let is_for_staff = self.access != Access::Public;
        let changes = !self.is_read && self.method != "GET";
        is_for_staff && changes && self.recorded.is_none()
    }

    const fn new(method: &'static str, path: &'static str, access: Access) -> Self {
        Self {
            method,
            path,
            access,
            recorded: None,
            is_read: false,
        }
    }
}

/// Customers, and agents who act for them.
pub const USERS: &[Role] = &[Role::Customer, Role::Agent];
/// Those who act for customers.
pub const STAFF: &[Role] = &[Role::Agent];
/// Other services.
pub const SERVICES: &[Role] = &[Role::Service];
/// Nobody but admins.
pub const ADMINS: &[Role] = &[];

/// The calls that every service has.
pub const COMMON: &[Rule] = &[
    Rule::public("GET", "/health"),
    Rule::public("GET", "/ready"),
    // Whoever reads metrics has no token that would have to be renewed; they name no customer.
    Rule::public("GET", "/metrics"),
    Rule::public("GET", "/openapi.json"),
    Rule::public("GET", "/docs"),
    // As it is documented, and as it is registered.
    Rule::public("GET", "/docs/"),
    Rule::public("GET", "/docs/{file:.*}"),
    Rule::only(ADMINS, "GET", "/api/admin/actions"),
];

/// A service's table of rules.
#[derive(Clone, Debug)]
pub struct Rules {
    by_path: Arc<HashMap<&'static str, Vec<(Method, Rule)>>>,
}

impl Rules {
    /// These rules and the [`COMMON`] ones. A method that HTTP does not have never matches.
    #[must_use]
    pub fn new(rules: &[Rule]) -> Self {
        let mut by_path: HashMap<&'static str, Vec<(Method, Rule)>> = HashMap::new();
        for rule in COMMON.iter().chain(rules) {
            if let Ok(method) = rule.method.parse() {
                by_path.entry(rule.path).or_default().push((method, *rule));
            }
        }
        Self {
            by_path: Arc::new(by_path),
        }
    }

    /// That whatever staff may change is written down.
    ///
    /// # Errors
    /// With the first call that is not.
    pub fn check_recorded(&self) -> anyhow::Result<()> {
        let rules = self.by_path.values().flatten().map(|(_, rule)| rule);
        let unrecorded = rules.into_iter().find(|rule| rule.is_unrecorded_change());
        match unrecorded {
            Some(Rule { method, path, .. }) => anyhow::bail!(
                "{method} {path} lets staff change something, and its rule does not say under which name it \
                 is recorded"
            ),
            None => Ok(()),
        }
    }

    /// The rule of a call; none where the table does not have it.
    #[must_use]
    pub fn find(&self, method: &Method, path: &str) -> Option<&Rule> {
        let rules = self.by_path.get(path)?;
        let found = rules.iter().find(|(of, _)| of == method);
        found.map(|(_, rule)| rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rule_lets_staff_change_something_unrecorded() {
        for (rule, is_sound) in [
            (Rule::only(ADMINS, "GET", "/x"), true),
            (Rule::only(ADMINS, "POST", "/x"), false),
            (Rule::only(SERVICES, "DELETE", "/x"), false),
            (Rule::anyone("PUT", "/x"), false),
            (Rule::anyone("POST", "/x").read_only(), true),
            (Rule::public("POST", "/x"), true),
            (Rule::only(USERS, "PATCH", "/x").recorded("x"), true),
            (
                Rule::only(SERVICES, "POST", "/x").recorded_of_staff("x"),
                true,
            ),
        ] {
            assert_eq!(
                Rules::new(&[rule]).check_recorded().is_ok(),
                is_sound,
                "{rule:?}"
            );
        }
    }
}
