//! Declined payments on the pages: the customer is present, so the hold stays, and is paid in another way.

use anyhow::ensure;
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE};
use reqwest::redirect::Policy;
use serde_json::json;
use test_stack::wait_for;

use crate::events::id_in;
use crate::services::Services;
use test_stack::caller::SOON;

/// Sent as form field and as cookie (double-submit token).
const FORM_TOKEN: &str = "5f0c3e0a-9a43-4d0e-8d8c-3b8f4a1b7c11";

/// Submits a form as a browser without scripts does; returns the redirect's target, or the page with the
/// refusal.
async fn send(services: &Services, path: &str, form: &str) -> anyhow::Result<(u16, String)> {
    let http = reqwest::Client::builder().redirect(Policy::none());
    let http = http.timeout(SOON).build()?;
    let sent = http
        .post(services.bookings.url(path))
        .header(COOKIE, format!("__Host-holdfast_form_token={FORM_TOKEN}"))
        .header(ACCEPT, "text/html")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("form_token={FORM_TOKEN}&{form}"));
    let answer = sent.send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

/// Waits until a page contains this text.
async fn says(services: &Services, path: &str, text: &str) -> anyhow::Result<String> {
    wait_for(text, SOON, async || {
        let request = services.bookings.request(reqwest::Method::GET, path);
        let page = services.bookings.send(request.header(ACCEPT, "text/html"));
        let page = page.await?.text;
        ensure!(page.contains(text), "{page}");
        Ok(page)
    })
    .await
}

#[tokio::test]
async fn a_declined_order_stays_held_and_is_paid_with_another_code() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.bookings.page_payment_attempts = 3;
    })
    .await?;
    let order = services.order("alice", &["A1"]).await?;
    let page = format!("/orders/{}", order.id);
    let payment = format!("{page}/payment");
    assert_eq!(send(&services, &payment, "code=00000").await?.0, 303);
    let declined = says(&services, &page, "Pay again").await?;
    assert!(declined.contains("You have 2 tries left"), "{declined}");
    assert!(declined.contains("Held for another"), "{declined}");
    let seen = services.look_at(&order).await?;
    assert_eq!(seen["status"], "SEATS_RESERVED");
    assert!(
        seen["timeRemaining"]
            .as_i64()
            .is_some_and(|left| left > 800)
    );
    assert_eq!(services.taken_seats().await?, ["A1 RESERVED alice"]);

    assert_eq!(send(&services, &payment, "code=12345").await?.0, 303);
    let paid = services.wait_for_status(&order, "CONFIRMED").await?;
    assert_eq!(paid["paymentAttempts"], 2);
    Ok(())
}

#[tokio::test]
async fn codes_can_be_retried_within_attempts_and_deadline() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.bookings.page_payment_attempts = 2;
        settings.bookings.bookings.hold_ttl = std::time::Duration::from_secs(4);
    })
    .await?;
    let late = services.order("bob", &["B1"]).await?;
    let often = services.order("alice", &["A1"]).await?;
    for order in [&late, &often] {
        let payment = format!("/orders/{}/payment", order.id);
        assert_eq!(send(&services, &payment, "code=00000").await?.0, 303);
        says(&services, &format!("/orders/{}", order.id), "Pay again").await?;
    }
    let payment = format!("/orders/{}/payment", often.id);
    assert_eq!(send(&services, &payment, "code=00000").await?.0, 303);
    let failed = services.wait_for_status(&often, "FAILED").await?;
    assert_eq!(failed["paymentAttempts"], 2);
    let expired = services.wait_for_status(&late, "EXPIRED").await?;
    assert_eq!(expired["paymentAttempts"], 1);
    assert_eq!(services.taken_seats().await?, [""; 0]);
    Ok(())
}

/// A program may use all three attempts, whatever a page did before.
#[tokio::test]
async fn an_order_declined_on_its_page_can_be_paid_through_the_api() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let order = services.order("alice", &["A1"]).await?;
    let page = format!("/orders/{}", order.id);
    send(&services, &format!("{page}/payment"), "code=00000").await?;
    says(&services, &page, "Pay again").await?;
    assert_eq!(services.pay(&order, "12345").await?.status, 200);
    services.wait_for_status(&order, "CONFIRMED").await?;
    Ok(())
}

#[tokio::test]
async fn declined_tickets_are_paid_again_by_their_customer() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(10).await?;
    services.mock(json!({"failure_rate": 1.0})).await?;
    let id = id_in(&services.book_tickets(&show, 2).await?)?;
    services.dead_letter().await?;
    let page = format!("/tickets/{id}");
    let declined = says(&services, &page, "Pay again").await?;
    assert!(declined.contains("Held for another"), "{declined}");
    services.mock(json!({"failure_rate": 0.0})).await?;
    let payment = format!("{page}/payment");
    assert_eq!(send(&services, &payment, "").await?.0, 303);
    services.tickets_are(&id, "CONFIRMED").await?;
    assert_eq!(services.dead_letters().await?.len(), 0);
    let (status, text) = send(&services, &payment, "").await?;
    assert_eq!(status, 409, "{text}");
    Ok(())
}
