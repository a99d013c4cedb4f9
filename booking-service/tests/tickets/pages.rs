//! The web pages where there is no flight-service: what they refuse, what they say of it, and that what
//! users wrote stays text. What people do with them is tested in a browser.

use anyhow::{Context as _, ensure};
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde_json::json;

use crate::caller::{Answer, Caller};
use crate::support::{TestService, event};

const HOSTILE: &str = "<script>alert(1)</script>\"'&amp;<img src=x onerror=alert(1)>";

async fn page(caller: &Caller, path: &str) -> anyhow::Result<Answer> {
    let request = caller.request(Method::GET, path);
    caller.send(request.header(ACCEPT, "text/html")).await
}

/// Sends a form as this cookie's visitor; a redirect is not followed.
async fn send_form(
    caller: &Caller,
    path: &str,
    cookie: &str,
    form: &str,
) -> anyhow::Result<Response> {
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .build()?;
    let request = caller
        .request(Method::POST, path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(COOKIE, cookie)
        .body(form.to_owned());
    Ok(client.execute(request.build()?).await?)
}

#[tokio::test]
async fn pages_are_html_with_a_strict_policy() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (path, status) in [
        ("/", 200),
        ("/events", 200),
        ("/my-bookings", 200),
        ("/operations", 200),
        ("/nowhere", 404),
        ("/orders/1", 404),
        ("/bookings/1", 404),
        ("/events/1", 404),
        ("/itinerary?flights=one", 400),
    ] {
        let page = page(&service.caller, path).await?;
        ensure!(page.status == status, "{path}: {}", page.status);
        let policy = page.header("content-security-policy").unwrap_or_default();
        ensure!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        ensure!(page.text.starts_with("<!DOCTYPE html>"), "{path}");
    }
    // Programs are told as before.
    ensure!(service.caller.get("/nowhere").await?.summary() == "404 not_found");
    service.finish().await
}

#[tokio::test]
async fn what_users_write_stays_text() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let mut body = event(10);
    body["name"] = json!(HOSTILE);
    body["description"] = json!(HOSTILE);
    let id = service.caller.make("/api/v1/events", &body).await?;
    for path in [
        "/events".to_owned(),
        format!("/events/{id}"),
        "/operations".to_owned(),
    ] {
        let page = page(&service.caller, &path).await?;
        ensure!(page.text.contains("&lt;script&gt;alert(1)"), "{path}");
        ensure!(
            !page.text.contains("<script>") && !page.text.contains("<img"),
            "{path}"
        );
    }
    service.finish().await
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_visitor() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let start = page(&service.caller, "/").await?;
    let cookie = start
        .headers
        .get(SET_COOKIE)
        .context("no cookie")?
        .to_str()?;
    ensure!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap_or_default();
    let token = cookie.split('=').next_back().unwrap_or_default();
    ensure!(
        start.text.contains(token),
        "the form does not carry the token"
    );
    let other = "holdfast_form_token=2b1a7b0e-6f3b-4a57-9d39-3a7a4a1f0c11";
    for (cookie, form) in [
        (cookie, "user=asha".to_owned()),
        (cookie, "user=asha&form_token=".to_owned()),
        ("", format!("user=asha&form_token={token}")),
        (other, format!("user=asha&form_token={token}")),
    ] {
        let refused = send_form(&service.caller, "/acting-as", cookie, &form).await?;
        ensure!(
            refused.status() == 403,
            "{cookie} {form}: {}",
            refused.status()
        );
    }
    for (back, to) in [
        ("%2Fevents", "/events"),
        ("%2F%2Fevil.example", "/"),
        ("https%3A%2F%2Fevil.example", "/"),
    ] {
        let form = format!("user=J%C3%BCrgen&back={back}&form_token={token}");
        let taken = send_form(&service.caller, "/acting-as", cookie, &form).await?;
        ensure!(taken.status() == 303, "{}", taken.status());
        ensure!(taken.headers().get(LOCATION).context("no location")? == to);
        let cookies = taken.headers().get_all(SET_COOKIE);
        ensure!(cookies.iter().any(|cookie| {
            let cookie = cookie.to_str().unwrap_or_default();
            cookie.starts_with("holdfast_acting_as=J%C3%BCrgen;")
        }));
    }
    service.finish().await
}

#[tokio::test]
async fn without_flight_service_it_is_said_so() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        // Nobody listens there.
        if let Ok(url) = "http://127.0.0.1:9".parse() {
            settings.flights.url = url;
        }
    })
    .await?;
    let start = page(&service.caller, "/").await?;
    ensure!(start.status == 200, "{}", start.status);
    let search = page(&service.caller, "/search?from=DEL&to=BOM&date=2030-01-01").await?;
    ensure!(
        search.status == 503 && search.text.contains("Not just now"),
        "{}",
        search.status
    );
    let operations = page(&service.caller, "/operations/proof").await?;
    ensure!(
        operations.text.contains("Flights: not known"),
        "{}",
        operations.text
    );
    ensure!(
        operations
            .text
            .contains("Events and ticket options: it adds up")
    );
    service.finish().await
}
