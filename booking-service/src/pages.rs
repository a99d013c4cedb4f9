//! The web pages: rendered here, on the same [`crate::app`] as the API. Nothing is decided here.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `visitor` | who looks at a page: the one place that decides it |
//! | `account` | signing up, logging in and out |
//! | `forms` | what forms send, and that they come from these pages |
//! | `layout`, `failure`, `words` | what pages share: head and menu, errors, money and times |
//! | `assets` | the style sheet and the scripts, in the binary |
//! | `search` | flights: the form, what was found, the fare calendar, airports while typing |
//! | `choose`, `seat_map`, `live_seats` | an itinerary and the seats of its flights, as they change |
//! | `orders`, `bookings`, `travelers` | what was booked, for whom: paid, changed, given up |
//! | `events`, `tickets` | events and their tickets |
//! | `live` | pieces of pages that are sent again when they change |
//! | `operations` | how the service does |
//!
//! Every page works without scripts: links, forms and redirects. With them, htmx swaps in what the server
//! renders, and server-sent events bring changes. Deliberately absent: scripts and styles inside pages,
//! which the content security policy forbids, anything from another host, and a build step.

mod account;
mod assets;
mod bookings;
mod choose;
mod events;
mod failure;
mod forms;
mod layout;
mod live;
mod live_seats;
mod operations;
mod orders;
mod search;
mod seat_map;
mod tickets;
mod travelers;
mod trip;
mod visitor;
mod words;

use actix_web::body::BoxBody;
use actix_web::cookie::Cookie;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue, InvalidHeaderValue};
use actix_web::http::uri::PathAndQuery;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse, Route};
use maud::Markup;
use service_kit::Problem;
use service_kit::auth::Caller;
use service_kit::auth::guard::Guards;
use service_kit::limits::rate::{Client, Standing};
use service_kit::server::unguarded;

use self::forms::Form;
use self::visitor::Visitor;
use crate::app::catalog::Catalog;
use crate::app::overview::Overview;

/// Everything comes from this service, and no script or style stands inside a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const CROSS_ORIGIN_OPENER_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-opener-policy");

/// How htmx asks for a piece of a page, and how it is told to load all of it.
const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
const HX_REFRESH: HeaderName = HeaderName::from_static("hx-refresh");

/// What the pages need besides what the API has.
#[derive(Clone)]
pub struct Services {
    /// What can be flown.
    pub catalog: Catalog,
    /// How the service does.
    pub overview: Overview,
}

/// The pages' routes.
pub fn configure(services: Services) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let catalog = Data::new(services.catalog);
    let overview = Data::new(services.overview);
    move |config| {
        config.app_data(catalog.clone()).app_data(overview.clone());
        for (path, route) in [
            ("/", web::get().to(search::start)),
            ("/search", web::get().to(search::results)),
            ("/airports", web::get().to(search::airports)),
            ("/flights/{id}", web::get().to(choose::flight)),
            ("/itinerary", web::get().to(choose::itinerary)),
            ("/flights/{id}/live", web::get().to(live_seats::stream)),
        ] {
            page(config, For::Anybody, path, "GET", [route]);
        }
        let acting = [web::post().to(act_as)];
        page(config, For::Anybody, "/acting-as", "POST", acting);
        // Kept by everybody for good: no cookie belongs there.
        let assets = [web::get().to(assets::serve)];
        config.service(unguarded("/assets/{name}", "GET", assets));
        account::configure(config);
        orders::configure(config);
        bookings::configure(config);
        events::configure(config);
        tickets::configure(config);
        operations::configure(config);
        config.default_service(web::to(nothing_here));
    }
}

/// For whom a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// For everybody.
    Anybody,
    /// For those of whom the service knows who they are: what is theirs, and what changes something.
    Somebody,
    /// For those who run the service.
    Staff,
}

/// A page: its problems are pages too.
fn page(
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
    let mut standing = None;
    let entry = enter(access, request.request(), &mut standing).await;
    let visitor = Visitor::of(request.request());
    let answered = match entry {
        Ok(Entry::Granted) => next.call(request).await?,
        Ok(Entry::AfterLogIn) => {
            let log_in = log_in_first(request.request());
            request.into_response(log_in)
        }
        Err(problem) => request.error_response(problem),
    };
    let (request, answer) = answered.into_parts();
    let answer = finished(answer, &request, &visitor, standing)?;
    Ok(ServiceResponse::new(request, answer))
}

/// Whether somebody comes in.
enum Entry {
    Granted,
    /// Once they have said who they are.
    AfterLogIn,
}

/// Finds out who looks, for [`Visitor::of`] from then on, and lets them in if the page is for them and they
/// have not asked too much. Those who are refused are counted too.
async fn enter(
    access: For,
    request: &HttpRequest,
    standing: &mut Option<Standing>,
) -> Result<Entry, Problem> {
    let visitor = Visitor::identify(request).await;
    let caller = visitor.as_ref().ok().map(|visitor| &visitor.caller);
    count(request, caller, standing).await?;
    let visitor = visitor?;
    if access != For::Anybody && !visitor.is_somebody() {
        return Ok(Entry::AfterLogIn);
    }
    if access == For::Staff {
        visitor.caller.check_is_staff()?;
    }
    Ok(Entry::Granted)
}

/// Counts a request as the guard of the API does, by the same limit.
async fn count(
    request: &HttpRequest,
    caller: Option<&Caller>,
    standing: &mut Option<Standing>,
) -> Result<(), Problem> {
    let Some(guards) = request.app_data::<Data<Guards>>() else {
        return Err(Problem::internal("the guards are not there"));
    };
    let Some(limit) = &guards.rate_limit else {
        return Ok(());
    };
    let address = guards
        .proxies
        .client_of(request.peer_addr(), request.headers());
    let Some(client) = Client::of(caller, address) else {
        return Ok(());
    };
    let counted = limit.count(&client).await;
    *standing = Some(counted);
    counted.check()
}

/// Where somebody says who they are. A piece of a page has the whole page loaded again, which leads there.
fn log_in_first(request: &HttpRequest) -> HttpResponse {
    if is_for_a_piece(request) {
        return HttpResponse::NoContent()
            .insert_header((HX_REFRESH, "true"))
            .finish();
    }
    go_to(&account::to(account::LOG_IN, way_back(request)))
}

/// Whether a script asks, for a piece of an open page.
fn is_for_a_piece(request: &HttpRequest) -> bool {
    request.headers().contains_key(HX_REQUEST)
}

/// Where somebody goes on after logging in: a form would have to be sent again.
fn way_back(request: &HttpRequest) -> &str {
    let asked = request.uri().path_and_query().map(PathAndQuery::as_str);
    asked
        .filter(|_| request.method() == Method::GET)
        .unwrap_or("/")
}

/// An answer with all that comes with every page: its problem as a page, the visitor's cookie, what browsers
/// may do with it, and what is left to ask.
fn finished(
    answer: HttpResponse,
    request: &HttpRequest,
    visitor: &Visitor,
    standing: Option<Standing>,
) -> Result<HttpResponse, Problem> {
    let mut answer = failure::as_page(answer, visitor);
    if let Some(cookie) = visitor.new_cookie() {
        set_cookie(&mut answer, &cookie).map_err(Problem::internal)?;
    }
    add_rules(&mut answer);
    if let Some(standing) = standing {
        standing.describe(answer.headers_mut());
    }
    // Who lost a role or a session while the page was open is told by the whole page.
    if is_for_a_piece(request) && answer.status() == StatusCode::FORBIDDEN {
        let refresh = HeaderValue::from_static("true");
        answer.headers_mut().insert(HX_REFRESH, refresh);
    }
    Ok(answer)
}

/// What a browser may do with a page, and how long it may keep it.
fn add_rules(answer: &mut HttpResponse) {
    let headers = answer.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Pages show what is theirs, as it is now.
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

/// A piece of a page.
fn fragment(html: &Markup) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html.0.clone())
}

/// Where a visitor goes on.
fn go_to(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .finish()
}

/// Has the visitor act for another user.
async fn act_as(visitor: Visitor, form: Form) -> Result<HttpResponse, Problem> {
    if !visitor.is_open {
        return Err(Problem::not_found("there is nothing at this path"));
    }
    let cookie = visitor::acting_as(form.text("user"))
        .ok_or_else(|| Problem::invalid_field("user", "must have 1 to 255 printable characters"))?;
    let mut answer = go_to(own_path(form.text("back")));
    for cookie in [cookie, visitor::no_account()] {
        set_cookie(&mut answer, &cookie).map_err(Problem::internal)?;
    }
    Ok(answer)
}

/// Names may have any letters, headers may not.
fn set_cookie(answer: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), InvalidHeaderValue> {
    let value = HeaderValue::from_str(&cookie.encoded().to_string())?;
    answer.headers_mut().append(header::SET_COOKIE, value);
    Ok(())
}

/// A path of this service; what leads elsewhere becomes the start page.
fn own_path(path: &str) -> &str {
    let leads_elsewhere = path.starts_with("//") || path.contains('\\');
    let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path && !leads_elsewhere {
        path
    } else {
        "/"
    }
}

/// What is at no other path: a page for people, a problem for programs.
async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let problem = Problem::not_found("there is nothing at this path");
    let accepted = request.headers().get(header::ACCEPT);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let is_browser = accepted.is_some_and(|types| types.contains("text/html"));
    if !is_browser || request.method() != Method::GET {
        return Err(problem);
    }
    let mut standing = None;
    let entry = enter(For::Anybody, &request, &mut standing).await;
    let problem = entry.err().unwrap_or(problem);
    let visitor = Visitor::of(&request);
    finished(
        HttpResponse::from_error(problem),
        &request,
        &visitor,
        standing,
    )
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_redirect_stays_here() {
        for own in ["/", "/search?from=DEL&to=BOM", "/orders/1"] {
            assert_eq!(own_path(own), own);
        }
        for elsewhere in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\r\nb: c",
        ] {
            assert_eq!(own_path(elsewhere), "/", "{elsewhere}");
        }
    }
}
