//! Dead letters (payment jobs that kept failing), and their requeue.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use service_core::idempotency::Answer;
use service_core::page::PageRequest;
use service_http::extract::Id;
use service_http::{Problem, audit_log};
use uuid::Uuid;

use crate::app::AppError;
use crate::app::tickets::payment_jobs::PaymentJobs;
use crate::http::Services;
use crate::model::dead_letter::DeadLetter;
use crate::model::event_booking::EventBookingStatus;
use crate::pages::answers::go_to;
use crate::pages::forms::{self, Form};
use crate::pages::session::PageSession;
use crate::pages::{error_page, formatting, paths};

const ROWS: i64 = 20;

pub(super) async fn list(jobs: &PaymentJobs, session: &PageSession) -> Result<Markup, AppError> {
    let page = jobs.dead_letters(PageRequest::First, ROWS).await?;
    Ok(html! {
        @if page.rows.is_empty() { p.quiet { "None: no payment has been given up." } }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Dead letters" {
                table.numbers-table.broad {
                    thead { tr {
                        th scope="col" { "Booking" } th scope="col" { "Why" } th scope="col" { "When" }
                        th.right scope="col" { "LoginThrottle" } th.right scope="col" { "Action" }
                    } }
                    tbody { @for letter in &page.rows { (row(letter, session)) } }
                }
            }
            @if page.after.is_some() { p.hint { "The newest " (ROWS) " are shown." } }
        }
    })
}

fn row(letter: &DeadLetter, session: &PageSession) -> Markup {
    html! {
        tr {
            td data-name="Booking" { a href=(paths::tickets(letter.hold)) { (letter.booking) } }
            td data-name="Why" { (error_page::sentence(&letter.message)) }
            td data-name="When" { (formatting::moment(letter.created_at)) }
            td.right data-name="LoginThrottle" { (letter.attempts) }
            td.right data-name="Action" {
                @if letter.booking_status() == EventBookingStatus::Pending {
                    form method="post" action=(format!("/operations/dead-letters/{}/requeue", letter.id)) {
                        (forms::token(session))
                        button id=(format!("requeue-{}", letter.id)) { "Try again" span.unseen { " to pay booking " (letter.booking) } }
                    }
                } @else { span.badge { (letter.booking_status().as_str().to_lowercase()) } }
            }
        }
    }
}

/// Fragment for an open page.
pub(in crate::pages) async fn fragment(
    session: PageSession,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    Ok(crate::pages::answers::fragment(
        &list(&services.payment_jobs, &session).await?,
    ))
}

pub(in crate::pages) async fn requeue(
    session: PageSession,
    services: Data<Services>,
    id: Id<Uuid>,
    request: HttpRequest,
    _: Form,
) -> Result<HttpResponse, Problem> {
    // The same entry as the API's.
    let path = format!("/api/v1/payments/dead-letters/{}/requeue", id.0);
    audit_log::record(&request, "payment.requeue", &session.caller, &path).await?;
    let answer = |letter: &DeadLetter| Answer::ok(&letter.id);
    services.payment_jobs.requeue(id.0, None, answer).await?;
    Ok(go_to("/operations#dead-letters"))
}
