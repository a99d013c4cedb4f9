//! The role that somebody has now. A token outlives a change of its bearer's role, and its bearer; where the
//! users are, staff are asked for anew at each call.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokens::Role;

use service_core::caller::{Bearer, Caller};

use crate::Problem;

type Find = dyn Fn(String) -> BoxFuture<'static, Result<Bearer, Problem>> + Send + Sync;

/// Finds out who the bearer of a token is by now.
#[derive(Clone)]
pub struct CurrentRoles(Option<Arc<Find>>);

impl CurrentRoles {
    /// Of a service that has no users: tokens are believed.
    #[must_use]
    pub fn as_tokens_say() -> Self {
        Self(None)
    }

    /// Of a service that has users, found by a token's subject.
    pub fn found_by(
        find: impl Fn(String) -> BoxFuture<'static, Result<Bearer, Problem>> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(find)))
    }

    /// The caller with the role that they have now. Only staff are looked up: the others have no role to lose.
    /// A token never gives more than it says.
    ///
    /// # Errors
    /// When the user is gone, or can't be looked up.
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

/// The one of two roles of users that may do less.
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
