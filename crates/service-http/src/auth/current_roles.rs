//! A caller's current role. A token outlives a change of its bearer's role, and even its bearer; where users
//! are stored, staff are looked up at each call.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokens::Role;

use service_core::caller::{Bearer, Caller};

use crate::Problem;

type Find = dyn Fn(String) -> BoxFuture<'static, Result<Bearer, Problem>> + Send + Sync;

/// Looks up the bearer of a token.
#[derive(Clone)]
pub struct CurrentRoles(Option<Arc<Find>>);

impl CurrentRoles {
    /// For a service without users: the token's role counts.
    #[must_use]
    pub fn as_tokens_say() -> Self {
        Self(None)
    }

    /// For a service with users, found by the token's subject.
    pub fn found_by(
        find: impl Fn(String) -> BoxFuture<'static, Result<Bearer, Problem>> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(find)))
    }

    /// The caller with the current role. Only staff are looked up: others have no role to lose. The result is
    /// never more than the token grants.
    ///
    /// # Errors
    /// The user is gone, or the look-up failed.
    pub async fn of(&self, caller: Caller) -> Result<Caller, Problem> {
        let (Some(find), true) = (&self.0, caller.is_staff()) else {
            return Ok(caller);
        };
        let (Some(subject), Some(role)) = (caller.subject(), caller.role()) else {
            return Ok(caller);
        };
        match find(subject.to_owned()).await? {
            Bearer::Foreign => Ok(caller),
            Bearer::User(now) => Ok(Caller::known(subject, lesser(role, now))),
            Bearer::Former => Err(crate::problem::token_refused("the token's user is gone")),
        }
    }
}

/// The less privileged of two user roles.
fn lesser(one: Role, other: Role) -> Role {
    let order = [Role::Customer, Role::Agent, Role::Admin];
    let found = order.into_iter().find(|role| [one, other].contains(role));
    found.unwrap_or(Role::Customer)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    async fn now(token: Role, bearer: Bearer) -> Option<Role> {
        let roles = CurrentRoles::found_by(move |_| std::future::ready(Ok(bearer)).boxed());
        let caller = roles.of(Caller::known("asha", token)).await;
        caller.ok().and_then(|caller| caller.role())
    }

    #[tokio::test]
    async fn a_token_gives_what_it_says_and_its_bearer_still_has() {
        use Role::{Admin, Agent, Customer, Service};
        for (token, user, expected) in [
            (Admin, Admin, Admin),
            (Admin, Agent, Agent),
            (Admin, Customer, Customer),
            (Agent, Admin, Agent),
            (Agent, Customer, Customer),
            (Customer, Admin, Customer),
            (Service, Customer, Service),
        ] {
            let found = now(token, Bearer::User(user)).await;
            assert_eq!(found, Some(expected), "{token} {user}");
        }
        assert_eq!(now(Admin, Bearer::Foreign).await, Some(Admin));
        assert_eq!(now(Admin, Bearer::Former).await, None);
    }
}
