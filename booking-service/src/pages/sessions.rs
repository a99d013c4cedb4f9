//! One's sessions: where somebody is logged in, and the end of the other ones.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, ServiceConfig};
use maud::html;
use service_http::Problem;

use crate::app::accounts::authentication::AccountError;
use crate::http::Services;
use crate::http::visitor::SessionCookie;
use crate::model::session::OpenSession;
use crate::pages::answers::go_to;
use crate::pages::forms::{self, Form};
use crate::pages::layout::{HtmlPage, Place};
use crate::pages::middleware::{For, page};
use crate::pages::session::PageSession;
use crate::pages::{account, formatting};

/// Where they are shown.
pub(super) const SESSIONS: &str = "/account/sessions";

const END_OTHERS: &str = "/account/sessions/end-others";

pub(super) fn configure(config: &mut ServiceConfig) {
    page(
        config,
        For::Somebody,
        SESSIONS,
        "GET",
        [web::get().to(show)],
    );
    let end = [web::post().to(end_others)];
    page(config, For::Somebody, END_OTHERS, "POST", end);
}

async fn show(
    session: PageSession,
    services: Data<Services>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    let sessions = match services
        .accounts
        .sessions(&cookie.0.unwrap_or_default())
        .await
    {
        // In an open installation somebody may act without having logged in.
        Err(AccountError::NoSession) => return Ok(go_to(&account::to(account::LOG_IN, SESSIONS))),
        sessions => sessions?,
    };
    let body = html! {
        section.card.stack {
            h1 { "Where you are logged in" }
            div.scroll tabindex="0" role="region" aria-label="Sessions" {
                table.numbers-table.broad {
                    thead { tr {
                        th scope="col" { "Browser" } th scope="col" { "Since" } th scope="col" { "Until" }
                    } }
                    tbody {
                        @for session in &sessions {
                            tr {
                                td data-name="Browser" {
                                    (session.user_agent.as_deref().unwrap_or("unknown"))
                                    @if session.is_current { " " span.badge { "this one" } }
                                }
                                td data-name="Since" { (formatting::moment(session.created_at)) }
                                td data-name="Until" { (formatting::moment(session.expires_at)) }
                            }
                        }
                    }
                }
            }
            @if sessions.iter().any(|session: &OpenSession| !session.is_current) {
                form method="post" action=(END_OTHERS) {
                    (forms::token(&session))
                    button { "End the others" }
                }
            }
        }
    };
    Ok(HtmlPage::new("Sessions", Place::Elsewhere, body).answer(&session))
}

async fn end_others(
    services: Data<Services>,
    cookie: SessionCookie,
    _form: Form,
) -> Result<HttpResponse, Problem> {
    services
        .accounts
        .end_others(&cookie.0.unwrap_or_default(), None)
        .await?;
    Ok(go_to(SESSIONS))
}
