//! The web pages: rendered here, on the same [`crate::app`] as the API. Nothing is decided here.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `session` | who looks at a page: the one place that decides it |
//! | `middleware` | what stands around every page: for whom it is, how often, and what browsers may do with it |
//! | `account` | signing up, logging in and out |
//! | `forms` | what forms send, and that they come from these pages |
//! | `layout`, `error_page`, `formatting` | what pages share: head and menu, errors, money and times |
//! | `assets` | the style sheet and the scripts, in the binary |
//! | `search` | flights: the form, what was found, the fare calendar, airports while typing |
//! | `seat_selection`, `seat_map`, `seat_stream` | an itinerary and the seats of its flights, as they change |
//! | `orders`, `bookings`, `travelers` | what was booked, for whom: paid, changed, given up |
//! | `events`, `tickets` | events and their tickets |
//! | `event_stream` | pieces of pages that are sent again when they change |
//! | `operations` | how the service does |
//!
//! Every page works without scripts: links, forms and redirects. With them, htmx swaps in what the server
//! renders, and server-sent events bring changes. Deliberately absent: scripts and styles inside pages,
//! which the content security policy forbids, anything from another host, and a build step.

mod account;
mod assets;
mod bookings;
mod cancelling;
mod error_page;
mod event_stream;
mod events;
mod formatting;
mod forms;
mod itinerary_view;
mod layout;
mod middleware;
mod operations;
mod orders;
mod search;
mod seat_map;
mod seat_selection;
mod seat_stream;
mod session;
mod sessions;
mod tickets;
mod travelers;

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::header::{self, HeaderValue, InvalidHeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use maud::Markup;
use service_http::Problem;
use service_http::server::unguarded;

use crate::app::accounts::live_sessions::LiveSessions;
use crate::app::catalog::Catalog;
use crate::app::operations::dashboard::Dashboard;
use crate::model::booking::Booking;
use crate::model::event_booking::EventBooking;
use crate::pages::event_stream::Live;
use crate::pages::forms::Form;
use crate::pages::middleware::{For, nothing_here, page};
use crate::pages::session::PageSession;
use crate::routes::accounts::sessions::Cookies;

/// What the pages need besides what the API has.
#[derive(Clone)]
pub struct Services {
    /// What can be flown.
    pub catalog: Catalog,
    /// How the service does.
    pub dashboard: Dashboard,
    /// The sessions that somebody watches something with.
    pub live_sessions: LiveSessions,
}

/// The pages' routes.
pub fn configure(services: Services) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let catalog = Data::new(services.catalog);
    let dashboard = Data::new(services.dashboard);
    let live_sessions = Data::new(services.live_sessions);
    let live_orders = Data::new(Live::<Booking>::default());
    let live_tickets = Data::new(Live::<EventBooking>::default());
    move |config| {
        config
            .app_data(catalog.clone())
            .app_data(dashboard.clone())
            .app_data(live_sessions.clone())
            .app_data(live_orders.clone())
            .app_data(live_tickets.clone());
        for (path, route) in [
            ("/", web::get().to(search::start)),
            ("/search", web::get().to(search::results)),
            ("/airports", web::get().to(search::airports)),
            ("/flights/{id}", web::get().to(seat_selection::flight)),
            ("/itinerary", web::get().to(seat_selection::itinerary)),
            ("/flights/{id}/live", web::get().to(seat_stream::stream)),
        ] {
            page(config, For::Anybody, path, "GET", [route]);
        }
        let acting = [web::post().to(act_as)];
        page(config, For::Anybody, "/acting-as", "POST", acting);
        // Kept by everybody for good: no cookie belongs there.
        let assets = [web::get().to(assets::serve)];
        config.service(unguarded("/assets/{name}", "GET", assets));
        account::configure(config);
        sessions::configure(config);
        orders::configure(config);
        bookings::configure(config);
        events::configure(config);
        tickets::configure(config);
        operations::configure(config);
        config.default_service(web::to(nothing_here));
    }
}

/// A piece of a page.
fn fragment(html: &Markup) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html.0.clone())
}

/// Where a session goes on.
fn go_to(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .finish()
}

/// Has the session act for another user.
async fn act_as(
    session: PageSession,
    cookies: Data<Cookies>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    if !session.is_open {
        return Err(Problem::not_found("there is nothing at this path"));
    }
    let cookie = session::acting_as(**cookies, form.text("user"))
        .ok_or_else(|| Problem::invalid_field("user", "must have 1 to 255 printable characters"))?;
    let mut answer = go_to(own_path(form.text("back")));
    for cookie in [cookie, session::no_account(**cookies)] {
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
