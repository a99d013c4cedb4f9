//! The frame of every page: head, menu, footer.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use crate::model::user::UserRole;
use crate::pages::assets::{HTMX, HTMX_SSE, ICON, SCRIPT, STYLE};
use crate::pages::forms;
use crate::pages::paths;
use crate::pages::session::PageSession;

/// No `eval`, no inline styles (the content security policy forbids both) and no requests to other hosts.
const HTMX_CONFIG: &str = r#"{"allowEval":false,"allowScriptTags":false,"defaultSettleDelay":0,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyEnabled":false}"#;

/// A page's menu entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Search,
    Events,
    Bookings,
    Operations,
    /// No entry.
    Elsewhere,
}

const MENU: [(Place, &str, &str); 4] = [
    (Place::Search, "/", "Flights"),
    (Place::Events, "/events", "Events"),
    (Place::Bookings, "/my-bookings", "My bookings"),
    (Place::Operations, "/operations", "Operations"),
];

pub(super) struct HtmlPage {
    /// For the browser's tab.
    pub(super) title: String,
    pub(super) place: Place,
    /// Reload interval for browsers without scripts.
    pub(super) refresh_seconds: Option<u8>,
    /// Everything inside the frame.
    pub(super) body: Markup,
}

impl HtmlPage {
    /// Without a reload interval.
    pub(super) fn new(title: impl Into<String>, place: Place, body: Markup) -> Self {
        Self {
            title: title.into(),
            place,
            refresh_seconds: None,
            body,
        }
    }

    pub(super) fn answer(self, session: &PageSession) -> HttpResponse {
        self.answer_with(StatusCode::OK, session)
    }

    pub(super) fn answer_with(self, status: StatusCode, session: &PageSession) -> HttpResponse {
        let html = self.html(session).into_string();
        HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .body(html)
    }

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

/// Log-in state; in `open` mode, the user that the session acts as.
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

/// Staff see their role, as a reminder that they act for others.
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
