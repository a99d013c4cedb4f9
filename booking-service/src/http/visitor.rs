//! Extractors of the client: address, session cookie, browser.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use service_http::Problem;
use service_http::auth::guard::Guards;

use crate::app::accounts::authentication::Origin;
use crate::http::cookies::BROWSER;
use crate::http::services::Services;

/// 32 random bytes in hexadecimal.
const COOKIE_DIGITS: usize = 64;

/// Characters of a `User-Agent` that are kept.
const USER_AGENT_MAX_CHARS: usize = 200;

/// The request's session cookie, if present.
#[derive(Clone)]
pub struct SessionCookie(pub Option<String>);

impl FromRequest for SessionCookie {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let services = request.app_data::<Data<Services>>();
        let found = services.and_then(|services| services.cookies.of(request));
        ready(Ok(Self(found)))
    }
}

pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequest for ClientAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let guards = Guards::of(request);
        ready(guards.map(|guards| Self(guards.address_of(request))))
    }
}

impl FromRequest for Origin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let services = request.app_data::<Data<Services>>();
        let browser = services.and_then(|services| services.cookies.value_of(request, BROWSER));
        let is_ours = |cookie: &String| {
            cookie.len() == COOKIE_DIGITS && cookie.bytes().all(|c| c.is_ascii_hexdigit())
        };
        let user_agent = request.headers().get(USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        let guards = Guards::of(request);
        ready(guards.map(|guards| Self {
            address: guards.address_of(request),
            browser: browser.filter(is_ours),
            user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_MAX_CHARS).collect()),
        }))
    }
}
