//! The audit log, for admins: what staff did, and the outcome.

use actix_web::HttpResponse;
use actix_web::web::Data;
use maud::html;
use service_core::audit_log::AuditLog;
use service_core::caller::Role;
use service_core::page::PageRequest;
use service_http::Problem;
use service_http::audit_log::entries::Outcome;

use crate::pages::formatting;
use crate::pages::layout::{HtmlPage, Place};
use crate::pages::session::PageSession;

const ROWS: i64 = 50;

pub(in crate::pages) async fn show(
    session: PageSession,
    actions: Data<AuditLog>,
) -> Result<HttpResponse, Problem> {
    // The same access rule as the API's.
    if session.caller.role() != Some(Role::Admin) {
        return Err(Problem::forbidden("only admins may see what staff did"));
    }
    let actions = actions.list(PageRequest::First, ROWS).await?;
    let body = html! {
        h1 { "What staff did" }
        section.card.stack {
            @if actions.is_empty() { p.quiet { "Nothing yet." } }
            @else {
                div.scroll tabindex="0" role="region" aria-label="Actions" {
                    table.numbers-table.broad {
                        thead { tr {
                            th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" }
                            th scope="col" { "To what" } th scope="col" { "Outcome" }
                        } }
                        tbody {
                            @for action in &actions {
                                tr {
                                    td data-name="When" { (formatting::moment(action.asked_at)) }
                                    td data-name="Who" { (action.actor.as_deref().unwrap_or("anybody")) " (" (action.role) ")" }
                                    td data-name="What" { (action.action) }
                                    td data-name="To what" { (action.target) }
                                    td data-name="Outcome" {
                                        (outcome(Outcome::of(action.status)))
                                        @if let Some(status) = action.status { " (" (status) ")" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        p { a href="/operations" { "Back to operations" } }
    };
    Ok(HtmlPage::new("What staff did", Place::Operations, body).answer(&session))
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
        Outcome::Unknown => "unknown",
    }
}
