//! Middleware of every page: identification, access control, rate limits and response headers. The pages'
//! counterpart of the API's guard.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse, Route};
use service_core::caller::Caller;
use service_http::auth::guard::Guards;
use service_http::endpoint::unguarded;
use service_http::limits::RateLimitStatus;
use service_http::{Problem, audit_log};

use crate::http::Services;
use crate::pages::answers::{go_to, set_cookie};
use crate::pages::error_page;
use crate::pages::paths;
use crate::pages::session::PageSession;

/// Only this service's own files; no inline scripts or styles.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");

/// Set by htmx on requests for a fragment; and the answer that makes it reload the page.
const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
const HX_REFRESH: HeaderName = HeaderName::from_static("hx-refresh");

/// Who may see a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    Anybody,
    /// Identified users: their own data, and everything that changes state.
    Somebody,
    Staff,
}

/// Registers a page. Its problems are rendered as pages too.
pub(super) fn page(
    config: &mut ServiceConfig,
    access: For,
    path: &str,
    methods: &'static str,
    routes: impl IntoIterator<Item = Route>,
) {
    let around =
        move |request: ServiceRequest, next: Next<BoxBody>| around_page(access, request, next);
    config.service(unguarded(path, methods, routes).wrap(from_fn(around)));
}

async fn around_page(
    access: For,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut rate_limit_status = None;
    let entry = enter(access, request.request(), &mut rate_limit_status).await;
    let session = PageSession::of(request.request());
    let answered = match entry {
        Ok(Entry::Granted) => next.call(request).await?,
        Ok(Entry::AfterLogIn) => {
            let log_in = log_in_first(request.request());
            request.into_response(log_in)
        }
        Err(problem) => request.error_response(problem),
    };
    let (request, answer) = answered.into_parts();
    let answer = finished(answer, &request, &session, rate_limit_status)?;
    audit_log::finish(&request, answer.status(), answer.headers()).await;
    Ok(ServiceResponse::new(request, answer))
}

/// Outcome of access control.
enum Entry {
    Granted,
    /// The user must log in first.
    AfterLogIn,
}

/// Identifies the session, counts the request against the rate limits (refused ones too) and checks access.
/// [`PageSession::of`] returns the session from then on.
async fn enter(
    access: For,
    request: &HttpRequest,
    rate_limit_status: &mut Option<RateLimitStatus>,
) -> Result<Entry, Problem> {
    let session = PageSession::identify(request).await;
    let caller = session.as_ref().ok().map(|session| &session.caller);
    Guards::of(request)?
        .count(request, caller, rate_limit_status)
        .await?;
    let session = session?;
    if access != For::Anybody && !session.is_somebody() {
        return Ok(Entry::AfterLogIn);
    }
    if access == For::Staff {
        session.caller.check_is_staff()?;
    } else if request.method() == Method::POST {
        record(request, &session.caller).await?;
    }
    Ok(Entry::Granted)
}

/// Records in the audit log that staff sent a form. The admin pages write more specific entries themselves.
async fn record(request: &HttpRequest, caller: &Caller) -> Result<(), Problem> {
    if !caller.is_staff() || caller.subject().is_none() {
        return Ok(());
    }
    audit_log::record(request, "page.form", caller, request.path()).await
}

/// Redirects to the log-in page. For a fragment, htmx is told to reload the whole page, which then redirects.
fn log_in_first(request: &HttpRequest) -> HttpResponse {
    if is_for_a_piece(request) {
        return HttpResponse::NoContent()
            .insert_header((HX_REFRESH, "true"))
            .finish();
    }
    go_to(&paths::with_way_back(paths::LOG_IN, way_back(request)))
}

/// Whether htmx asks for a fragment of an open page.
fn is_for_a_piece(request: &HttpRequest) -> bool {
    request.headers().contains_key(HX_REQUEST)
}

/// The path to return to after logging in; a form would have to be sent again.
fn way_back(request: &HttpRequest) -> &str {
    let asked = request.uri().path_and_query().map(PathAndQuery::as_str);
    asked
        .filter(|_| request.method() == Method::GET)
        .unwrap_or("/")
}

/// Finishes an answer: renders its problem as a page, and adds the session's cookie, security headers and
/// rate-limit headers.
fn finished(
    answer: HttpResponse,
    request: &HttpRequest,
    session: &PageSession,
    rate_limit_status: Option<RateLimitStatus>,
) -> Result<HttpResponse, Problem> {
    let mut answer = error_page::as_page(answer, session);
    let services = request.app_data::<Data<Services>>();
    if let Some(cookie) = services.and_then(|services| session.new_cookie(services.cookies)) {
        set_cookie(&mut answer, &cookie).map_err(Problem::internal)?;
    }
    add_rules(&mut answer);
    if let Some(rate_limit_status) = rate_limit_status {
        rate_limit_status.describe(answer.headers_mut());
    }
    // The role or the session was lost while the page was open: the whole page shows that.
    if is_for_a_piece(request) && answer.status() == StatusCode::FORBIDDEN {
        let refresh = HeaderValue::from_static("true");
        answer.headers_mut().insert(HX_REFRESH, refresh);
    }
    Ok(answer)
}

/// Security headers, and cache control unless set.
fn add_rules(answer: &mut HttpResponse) {
    let headers = answer.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Pages show personal data and must be current.
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        );
    }
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Unknown paths: a page for browsers, a problem for programs.
pub(super) async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let problem = Problem::not_found("there is nothing at this path");
    let accepted = request.headers().get(header::ACCEPT);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let is_browser = accepted.is_some_and(|types| types.contains("text/html"));
    if !is_browser || request.method() != Method::GET {
        return Err(problem);
    }
    let mut rate_limit_status = None;
    let entry = enter(For::Anybody, &request, &mut rate_limit_status).await;
    let problem = entry.err().unwrap_or(problem);
    let session = PageSession::of(&request);
    finished(
        HttpResponse::from_error(problem),
        &request,
        &session,
        rate_limit_status,
    )
}
