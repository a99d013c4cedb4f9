//! List of the user's sessions, and ending the other ones.

use actix_web::HttpResponse;
use actix_web::web::Data;
use maud::html;
use service_http::Problem;

use crate::app::accounts::authentication::AccountError;
use crate::http::Services;
use crate::http::visitor::SessionCookie;
use crate::model::session::OpenSession;
use crate::pages::answers::go_to;
use crate::pages::forms::{self, Form};
use crate::pages::layout::{HtmlPage, Place};

use crate::pages::formatting;
use crate::pages::paths;
use crate::pages::session::PageSession;

pub(super) async fn show(
    session: PageSession,
    services: Data<Services>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    let sessions = match services
        .accounts
        .sessions(&cookie.0.unwrap_or_default())
        .await
    {
        // In `open` mode somebody may act without having logged in.
        Err(AccountError::NoSession) => {
            return Ok(go_to(&paths::with_way_back(paths::LOG_IN, paths::SESSIONS)));
        }
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
                form method="post" action=(paths::END_OTHERS) {
                    (forms::token(&session))
                    button { "End the others" }
                }
            }
        }
    };
    Ok(HtmlPage::new("Sessions", Place::Elsewhere, body).answer(&session))
}

pub(super) async fn end_others(
    services: Data<Services>,
    cookie: SessionCookie,
    _form: Form,
) -> Result<HttpResponse, Problem> {
    services
        .accounts
        .end_others(&cookie.0.unwrap_or_default(), None)
        .await?;
    Ok(go_to(paths::SESSIONS))
}
