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
//! | `orders`, `bookings` | what was booked: paid, changed, given up |
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
mod trip;
mod visitor;
mod words;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::Cookie;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName, HeaderValue, InvalidHeaderValue};
use actix_web::http::uri::PathAndQuery;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse, Route};
use maud::Markup;
use service_kit::Problem;
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
        page(config, "/", "GET", [web::get().to(search::start)]);
        page(config, "/search", "GET", [web::get().to(search::results)]);
        page(
            config,
            "/airports",
            "GET",
            [web::get().to(search::airports)],
        );
        page(
            config,
            "/flights/{id}",
            "GET",
            [web::get().to(choose::flight)],
        );
        page(
            config,
            "/itinerary",
            "GET",
            [web::get().to(choose::itinerary)],
        );
        page(config, "/acting-as", "POST", [web::post().to(act_as)]);
        account::configure(config);
        // Kept by everybody for good: no cookie belongs there.
        let assets = [web::get().to(assets::serve)];
        config.service(unguarded("/assets/{name}", "GET", assets));
        page(
            config,
            "/flights/{id}/live",
            "GET",
            [web::get().to(live_seats::stream)],
        );
        orders::configure(config);
        bookings::configure(config);
        events::configure(config);
        tickets::configure(config);
        operations::configure(config);
        config.default_service(web::to(nothing_here));
    }
}

/// A page: its problems are pages too.
fn page(
    config: &mut ServiceConfig,
    path: &str,
    methods: &'static str,
    routes: impl IntoIterator<Item = Route>,
) {
    config.service(unguarded(path, methods, routes).wrap(from_fn(around_page)));
}

async fn around_page(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let visitor = Visitor::identify(request.request()).await?;
    if is_for_somebody(&request) && !visitor.is_somebody() {
        let log_in = go_to(&account::to(account::LOG_IN, way_back(&request)));
        return Ok(request.into_response(log_in));
    }
    let (request, answer) = next.call(request).await?.map_into_boxed_body().into_parts();
    let mut answer = failure::as_page(answer, &visitor);
    if let Some(cookie) = visitor.new_cookie() {
        set_cookie(&mut answer, &cookie).map_err(Problem::internal)?;
    }
    add_rules(&mut answer);
    Ok(ServiceResponse::new(request, answer))
}

/// Whether a page is only for visitors of whom the service knows who they are: what is theirs, and all that
/// changes something but for logging in.
fn is_for_somebody(request: &ServiceRequest) -> bool {
    const THEIRS: [&str; 4] = ["/my-bookings", "/bookings/", "/orders/", "/tickets/"];
    let path = request.path();
    let is_change = request.method() == Method::POST;
    let is_theirs = THEIRS.iter().any(|start| path.starts_with(start));
    (is_theirs || is_change) && !account::is_account_page(path)
}

/// Where somebody goes on after logging in: a form would have to be sent again.
fn way_back(request: &ServiceRequest) -> &str {
    let uri = request.uri();
    let asked = uri.path_and_query().map(PathAndQuery::as_str);
    asked
        .filter(|_| request.method() == Method::GET)
        .unwrap_or("/")
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
    if is_browser && request.method() == Method::GET {
        let visitor = Visitor::of(&request);
        let mut answer = failure::page(&problem).answer_with(problem.status(), &visitor);
        add_rules(&mut answer);
        Ok(answer)
    } else {
        Err(problem)
    }
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
