//! Errors as pages.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use maud::{Markup, html};
use service_http::{Problem, context};

use crate::pages::layout::{HtmlPage, Place};
use crate::pages::session::PageSession;

pub(super) fn page(problem: &Problem) -> HtmlPage {
    let (title, advice) = match problem.status() {
        StatusCode::NOT_FOUND => (
            "There is nothing here",
            "The address may be mistyped, or what was here is gone.",
        ),
        StatusCode::BAD_REQUEST => ("That could not be understood", "Go back and try again."),
        StatusCode::UNAUTHORIZED => ("You are not logged in", "Log in, and open the page again."),
        StatusCode::FORBIDDEN => ("That was not accepted", "Nothing was changed."),
        StatusCode::TOO_MANY_REQUESTS => (
            "That was too much at once",
            "Nothing was changed. Wait a moment and try again.",
        ),
        StatusCode::CONFLICT | StatusCode::GONE => (
            "That is not possible any more",
            "Things have moved on since the page was made. Go back and reload it.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "Not just now",
            "A part of the service does not answer. What was begun is finished or undone by itself. Try again in a moment.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("There is no such page", "The address belongs to a form.")
        }
        status if status.is_client_error() => (
            "That was not accepted",
            "Nothing was changed. Go back, reload the page and try again.",
        ),
        _ => (
            "Something went wrong here",
            "It has been noted. Try again in a moment.",
        ),
    };
    HtmlPage::new(title, Place::Elsewhere, body(title, advice, problem))
}

fn body(title: &str, advice: &str, problem: &Problem) -> Markup {
    html! {
        section.card.narrow {
            p.kicker { "Error " (problem.status().as_u16()) }
            h1 { (title) }
            p.lead { (sentence(problem.detail())) }
            p { (advice) }
            p.actions {
                a.button.primary href="/" { "Search flights" }
                a.button.quiet href="/my-bookings" { "My bookings" }
            }
            p.hint { "Request " code { (context::current().request_id) } }
        }
    }
}

/// Capitalizes a problem's text and ends it with a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let stop = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{}{}{stop}", first.to_uppercase(), letters.as_str())
}

/// Replaces a problem's body with a page. The problem stays attached for the log.
pub(super) fn as_page(answer: HttpResponse, session: &PageSession) -> HttpResponse {
    let problem = answer.error().and_then(|error| error.as_error::<Problem>());
    let Some(html) = problem.map(|problem| page(problem).html(session).into_string()) else {
        return answer;
    };
    let mut answer = answer.map_body(|_, _| html.boxed() as BoxBody);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, html);
    answer
}
