//! Extractor of the [`Actor`], and the check of whom a caller may sell to.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use service_core::caller::{Caller, Role};
use service_http::Problem;
use service_http::auth::guard::Guards;

use crate::model::actor::Actor;

impl FromRequest for Actor {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        let caller =
            caller.ok_or_else(|| Problem::internal("a route without a guard asks who calls"));
        ready(caller.and_then(|caller| of(&caller, request)))
    }
}

fn of(caller: &Caller, request: &HttpRequest) -> Result<Actor, Problem> {
    Ok(Actor::of(caller, Guards::of(request)?.address_of(request)))
}

/// Whether a caller may have this user, named in this field, take what is not paid here. Customers may only
/// name themselves (otherwise 403); staff and services anybody.
pub(crate) fn check_may_sell_to(
    caller: &Caller,
    field: &'static str,
    user: &str,
) -> Result<(), Problem> {
    match caller.role() {
        Some(Role::Service) => Ok(()),
        _ => Ok(caller.check_names_self(field, user)?),
    }
}
