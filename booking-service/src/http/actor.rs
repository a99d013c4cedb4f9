//! Who asks, for handlers whose calls the rules of sale are about, and for whom they may.

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

/// The actor behind a request of this caller.
fn of(caller: &Caller, request: &HttpRequest) -> Result<Actor, Problem> {
    Ok(Actor::of(caller, Guards::of(request)?.address_of(request)))
}

/// That a caller may have this user, named in this field, have what is not paid here: a customer themselves,
/// staff and services anybody.
///
/// # Errors
/// 403 when a customer names somebody else.
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
