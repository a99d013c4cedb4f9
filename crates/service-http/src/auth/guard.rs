//! The guard of every route: authentication, authorization, rate limits.

use std::net::IpAddr;
use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap, IF_MATCH};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, web};
use jiff::Timestamp;
use tokens::Role;

use super::access::{Access, Recorded, Rule, SERVICES};
use super::authenticator::{Authenticator, Unknown};
use super::current_roles::CurrentRoles;
use super::origin_policy::OriginPolicy;
use super::token_end::TokenExpiry;
use crate::client_address::Proxies;
use crate::described::OpenApiIndex;
use crate::extract::OfServices;
use crate::limits::RateLimit;
use crate::limits::{Client, RateLimitStatus};
use crate::paths::{COMMON_PATHS, HEALTH_PATHS};
use crate::problem::{no_token, token_refused};
use crate::server::connection::ConnectionState;
use crate::streams::Streams;
use crate::{Problem, audit_log, deadline, request_limits};
use service_core::caller::Caller;

/// What guards use; application data.
#[derive(Clone)]
pub struct Guards {
    pub authenticator: Authenticator,
    pub roles: CurrentRoles,
    /// Origins and host names that are accepted in open mode.
    pub origin_policy: OriginPolicy,
    /// `None`: no rate limit.
    pub rate_limit: Option<RateLimit>,
    /// How many proxies stand before this service.
    pub trusted_proxy_hops: Proxies,
    /// Server-sent events; `None` in a service without streams.
    pub streams: Option<Streams>,
}

impl Guards {
    /// The guards of the service that answers this request.
    ///
    /// # Errors
    /// 500 if there are none: a bug.
    pub fn of(request: &HttpRequest) -> Result<&Self, Problem> {
        let guards = request.app_data::<web::Data<Self>>();
        let guards = guards.ok_or_else(|| Problem::internal("the guards are not there"))?;
        Ok(guards.get_ref())
    }

    /// The client's address, as far as it can be known.
    #[must_use]
    pub fn address_of(&self, request: &HttpRequest) -> IpAddr {
        self.trusted_proxy_hops
            .client_of(request.peer_addr(), request.headers())
    }

    /// Checks that apply to every request before any work is done for it: in open mode, that it does not come
    /// from another site's page; always, that its address is within its rate limit.
    ///
    /// # Errors
    /// 403 or 429.
    pub async fn check_any(
        &self,
        request: &HttpRequest,
        rate_limit_status: &mut Option<RateLimitStatus>,
    ) -> Result<(), Problem> {
        if let Some(connection) = request.conn_data::<ConnectionState>() {
            connection.has_request();
        }
        if self.authenticator.is_open() {
            // Without a valid Host header, an origin can't be compared with it.
            request_limits::check_singles(request.headers())?;
            self.origin_policy.check(request)?;
        }
        let is_watcher = HEALTH_PATHS.contains(&request.path());
        let Some(limit) = self.rate_limit.as_ref().filter(|_| !is_watcher) else {
            return Ok(());
        };
        if self.is_of_a_service(request.headers()).await {
            return Ok(());
        }
        let counted = limit.count_at(self.address_of(request));
        counted
            .check()
            .inspect_err(|_| *rate_limit_status = Some(counted))
    }

    /// Whether another service calls.
    async fn is_of_a_service(&self, headers: &HeaderMap) -> bool {
        let Ok(token) = bearer_token(headers) else {
            return false;
        };
        let caller = self.authenticator.caller(token).await;
        caller.is_ok_and(|caller| caller.role() == Some(Role::Service))
    }

    /// Counts a request that no guard has counted: its path or its method does not exist.
    ///
    /// # Errors
    /// 429 Too Many Requests.
    pub async fn count_rest(
        &self,
        request: &HttpRequest,
        rate_limit_status: &mut Option<RateLimitStatus>,
    ) -> Result<(), Problem> {
        if request.extensions().contains::<Counted>() {
            return Ok(());
        }
        self.count(request, None, rate_limit_status).await
    }

    /// Counts a request for a health endpoint.
    fn count_health_request(&self, request: &HttpRequest) -> Result<(), Problem> {
        request.extensions_mut().insert(Counted);
        match &self.rate_limit {
            Some(limit) => limit.count_health_request(self.address_of(request)).check(),
            None => Ok(()),
        }
    }

    /// Counts a request, by its address where the caller is anonymous. The rate-limit status is written to
    /// `rate_limit_status` also when the request is refused.
    ///
    /// # Errors
    /// 429 Too Many Requests.
    pub async fn count(
        &self,
        request: &HttpRequest,
        caller: Option<&Caller>,
        rate_limit_status: &mut Option<RateLimitStatus>,
    ) -> Result<(), Problem> {
        request.extensions_mut().insert(Counted);
        if let Some(limit) = &self.rate_limit
            && let Some(client) = Client::of(caller, self.address_of(request))
        {
            let counted = limit.count(&client).await;
            *rate_limit_status = Some(counted);
            counted.check()?;
        }
        Ok(())
    }
}

/// Marks a request as counted.
struct Counted;

/// A path with its methods and their rules.
pub(crate) struct GuardedPath {
    /// The registered pattern.
    pub(crate) path: String,
    pub(crate) rules: Vec<(Method, Rule)>,
}

/// Calls the route, with its [`Caller`] as a request extension, if the rule admits the caller.
///
/// # Errors
/// Those of the route.
pub(crate) async fn guard(
    at: Rc<GuardedPath>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut rate_limit_status = None;
    let mut response = match admit(&at, &request, &mut rate_limit_status).await {
        Ok(caller) => {
            let waits = deadline::callers_timeout(&caller, request.headers());
            request.extensions_mut().insert(caller);
            let answer = deadline::within(waits, next.call(request)).await??;
            let answer = answer.map_into_boxed_body();
            audit_log::finish(answer.request(), answer.status(), answer.headers()).await;
            answer
        }
        // As an answer, not an error: the outer middleware adds the request's id.
        Err(problem) => request.error_response(problem),
    };
    if let Some(rate_limit_status) = rate_limit_status {
        rate_limit_status.describe(response.headers_mut());
    }
    Ok(response)
}

/// Refuses a query parameter that the call does not have, which is likely misspelt, and `If-Match` where
/// resources have no versions.
fn check_asked(request: &ServiceRequest) -> Result<(), Problem> {
    let query = request.query_string();
    if !query.is_empty()
        && let Some(call) = OpenApiIndex::of(request.request())
    {
        let unknown = call.unknown_parameters(query);
        if !unknown.is_empty() {
            return Err(Problem::invalid(unknown));
        }
    }
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let mut wanted = request.headers().get_all(IF_MATCH);
    if changes && wanted.any(|tags| tags.as_bytes().trim_ascii() != b"*") {
        return Err(Problem::precondition_failed());
    }
    Ok(())
}

/// Authenticates, authorizes and counts the caller; writes the audit entry of a recorded call.
async fn admit(
    at: &GuardedPath,
    request: &ServiceRequest,
    rate_limit_status: &mut Option<RateLimitStatus>,
) -> Result<Caller, Problem> {
    let guards = Guards::of(request.request())?;
    let method = request.method();
    let Some((_, rule)) = at.rules.iter().find(|(of, _)| of == method) else {
        // Answered 405, whoever calls.
        return Ok(Caller::anonymous());
    };
    let caller = if guards.authenticator.is_open() {
        Ok(Caller::open())
    } else {
        admitted(rule.access, guards, request.request()).await
    };
    if HEALTH_PATHS.contains(&at.path.as_str()) {
        guards.count_health_request(request.request())?;
    } else {
        // Refused callers are counted too.
        let known = caller.as_ref().ok();
        guards
            .count(request.request(), known, rate_limit_status)
            .await?;
    }
    let caller = caller?;
    if !COMMON_PATHS.contains(&at.path.as_str()) {
        check_asked(request)?;
    }
    let is_daily = rule.recorded.is_some_and(|by| by.is_daily_for_services);
    if is_daily && rule.access == Access::Only(SERVICES) {
        request.extensions_mut().insert(OfServices);
    }
    record(rule, &caller, request).await?;
    Ok(caller)
}

async fn admitted(
    access: Access,
    guards: &Guards,
    request: &HttpRequest,
) -> Result<Caller, Problem> {
    let headers = request.headers();
    let Guards {
        authenticator,
        roles: current,
        ..
    } = guards;
    let roles = match access {
        Access::Public => return Ok(Caller::anonymous()),
        Access::Anyone => {
            let Ok(token) = bearer_token(headers) else {
                return Ok(Caller::anonymous());
            };
            let Ok(identified) = authenticator.identify(token).await else {
                return Ok(Caller::anonymous());
            };
            let caller = with_token_expiry(identified, request);
            return match current.of(caller).await {
                Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
                    Ok(Caller::anonymous())
                }
                outcome => outcome,
            };
        }
        Access::Only(roles) => roles,
    };
    let token = bearer_token(headers)?;
    let identified = authenticator.identify(token).await.map_err(|unknown| {
        metrics::counter!("auth_refusals_total").increment(1);
        match unknown {
            Unknown::NoKeys => Problem::unavailable(unknown.to_string()),
            Unknown::Token(error) => token_refused(&error.to_string()),
        }
    })?;
    let caller = current.of(with_token_expiry(identified, request)).await?;
    match caller.role() {
        Some(Role::Admin) => Ok(caller),
        Some(role) if roles.contains(&role) => Ok(caller),
        _ => Err(Problem::forbidden("the token's role may not do this")),
    }
}

/// Keeps the token's expiry with the request, for long-lived responses.
fn with_token_expiry((caller, end): (Caller, Timestamp), request: &HttpRequest) -> Caller {
    request.extensions_mut().insert(TokenExpiry(end));
    caller
}

/// The request's single bearer token.
fn bearer_token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION);
    let value = values.next().ok_or_else(no_token)?;
    let text = value.to_str().unwrap_or_default();
    let (scheme, token) = text.split_once(' ').ok_or_else(no_token)?;
    if values.next().is_some() || !scheme.eq_ignore_ascii_case("bearer") {
        return Err(no_token());
    }
    Ok(token.trim())
}

/// Writes the audit entry, where the rule asks for one.
async fn record(rule: &Rule, caller: &Caller, request: &ServiceRequest) -> Result<(), Problem> {
    match rule.recorded.filter(|recorded| recorded.concerns(caller)) {
        Some(Recorded { name, .. }) => {
            audit_log::record(request.request(), name, caller, request.path()).await
        }
        None => Ok(()),
    }
}
