//! What every page has around it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use crate::model::user::UserRole;
use crate::pages::assets::{HTMX, HTMX_SSE, ICON, SCRIPT, STYLE};
use crate::pages::forms;
use crate::pages::paths;
use crate::pages::session::PageSession;

/// htmx neither evaluates strings nor writes style elements, which the content security policy forbids
/// besides, and asks nobody but this service.
const HTMX_CONFIG: &str = r#"{"allowEval":false,"allowScriptTags":false,"defaultSettleDelay":0,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyEnabled":false}"#;

/// Where in the menu a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Search, flights and what is booked there.
    Search,
    /// Events.
    Events,
    /// What the session has.
    Bookings,
    /// How the service does.
    Operations,
    /// None of these.
    Elsewhere,
}

const MENU: [(Place, &str, &str); 4] = [
    (Place::Search, "/", "Flights"),
    (Place::Events, "/events", "Events"),
    (Place::Bookings, "/my-bookings", "My bookings"),
    (Place::Operations, "/operations", "Operations"),
];

/// A page.
pub(super) struct HtmlPage {
    /// What the browser's tab and the page's head say.
    pub(super) title: String,
    /// Where in the menu it is.
    pub(super) place: Place,
    /// After so many seconds a browser without scripts asks again.
    pub(super) refresh_seconds: Option<u8>,
    /// All but the head and the menu.
    pub(super) body: Markup,
}

impl HtmlPage {
    /// A page that stays as it is.
    pub(super) fn new(title: impl Into<String>, place: Place, body: Markup) -> Self {
        Self {
            title: title.into(),
            place,
            refresh_seconds: None,
            body,
        }
    }

    /// It as an answer.
    pub(super) fn answer(self, session: &PageSession) -> HttpResponse {
        self.answer_with(StatusCode::OK, session)
    }

    /// The same with another status.
    pub(super) fn answer_with(self, status: StatusCode, session: &PageSession) -> HttpResponse {
        let html = self.html(session).into_string();
        HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .body(html)
    }

    /// All of it.
    pub(super) fn html(&self, session: &PageSession) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="htmx-config" content=(HTMX_CONFIG);
                    @if let Some(seconds) = self.refresh_seconds {
                        noscript { meta http-equiv="refresh" content=(seconds); }
                    }
                    title { (self.title) " · Holdfast" }
                    link rel="icon" type="image/svg+xml" href=(ICON.path());
                    link rel="stylesheet" href=(STYLE.path());
                    script defer src=(HTMX.path()) {}
                    script defer src=(HTMX_SSE.path()) {}
                    script defer src=(SCRIPT.path()) {}
                }
                body hx-ext="sse" {
                    a.skip href="#main" { "Skip to the page" }
                    (head(self.place, session))
                    main #main tabindex="-1" { (self.body) }
                    (foot())
                    div #announcer .unseen role="status" aria-live="polite" {}
                }
            }
        }
    }
}

fn head(place: Place, session: &PageSession) -> Markup {
    html! {
        header.top {
            div.bar {
                a.brand href="/" aria-label="Holdfast, start page" {
                    svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" {
                        rect.tile width="32" height="32" rx="8" {}
                        path.mark d="M10 7v18M22 7v18M10 16h12" {}
                    }
                    span { "Holdfast" }
                }
                nav aria-label="Main" {
                    ul {
                        @for (its, path, name) in MENU {
                            @if its != Place::Operations || session.caller.is_staff() {
                                li {
                                    a href=(path) aria-current=[(its == place).then_some("page")] { (name) }
                                }
                            }
                        }
                    }
                }
                (who(session))
            }
        }
    }
}

/// Who is logged in. In `open` mode others say who they are.
fn who(session: &PageSession) -> Markup {
    if let Some(user) = &session.signed_in {
        html! {
            details.who {
                summary { b { (session.name) } (role(user.role)) }
                a href=(paths::SESSIONS) { "Where you are logged in" }
                form method="post" action="/log-out" {
                    (forms::token(session))
                    button { "Log out" }
                }
            }
        }
    } else if session.is_open {
        acting_as(session)
    } else {
        html! { a.button.quiet href=(paths::with_way_back(paths::LOG_IN, &session.asked)) { "Log in" } }
    }
}

/// What staff are, so that they know in whose place they act.
fn role(role: UserRole) -> Markup {
    match role {
        UserRole::Customer => html! {},
        UserRole::Agent => html! { " " span.badge { "Agent" } },
        UserRole::Admin => html! { " " span.badge { "Admin" } },
    }
}

fn acting_as(session: &PageSession) -> Markup {
    html! {
        details.who {
            summary { span { "Acting as " } b { (session.user) } }
            form method="post" action="/acting-as" {
                (forms::token(session))
                input type="hidden" name="back" value=(session.asked);
                label for="acting-as" { "Act as" }
                div.row {
                    input #acting-as name="user" required maxlength="255" autocomplete="username" value=(session.user);
                    button { "Switch" }
                }
                p.hint { "This installation is open: everybody may act for any user. Choose a name to keep your bookings together, or " a href=(paths::with_way_back(paths::LOG_IN, &session.asked)) { "log in" } "." }
            }
        }
    }
}

fn foot() -> Markup {
    html! {
        footer.foot {
            div {
                p { "Holdfast sells seats and tickets, and never sells one twice." }
                p { a href="/docs" { "API" } }
            }
        }
    }
}
