//! The payment queue: failed attempts, dead letters, deadlines, and outages.

use local_servers::service::Service;
use std::time::Duration;

use local_servers::postgres::Durability;
use serde_json::{Value, json};
use test_stack::{PrivateServers, wait_until};

use crate::events::id_in;
use crate::gated::Gated;
use crate::invariants::check_invariants;
use crate::services::Services;
use crate::sql::count;
use test_stack::caller::SOON;

#[tokio::test]
async fn a_failing_payment_becomes_a_dead_letter_and_can_be_requeued() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(10).await?;
    services.mock(json!({"failure_rate": 1.0})).await?;
    let id = id_in(&services.book_tickets(&show, 2).await?)?;
    let letter = services.dead_letter().await?;
    assert_eq!(letter["booking_id"], id);
    assert_eq!(letter["user_id"], show.user);
    assert_eq!(letter["booking_status"], "PENDING");
    assert_eq!(letter["attempts"], 3);
    assert_eq!(letter["code"], "payment_failed");
    let pending = services.look_at_tickets(&id).await?;
    assert_eq!(pending.body["status"], "PENDING");
    assert_eq!(pending.body["code"], "payment_failed");

    // Another round under new keys, which fails as well.
    assert_eq!(services.requeue(&letter).await?.status, 200);
    wait_until("it is a dead letter again", SOON, async || {
        let letters = services.dead_letters().await;
        letters.is_ok_and(|letters| letters.len() == 1 && letters[0]["attempts"] == 6)
    })
    .await?;
    let again = services.requeue(&letter).await?;
    assert_eq!(again.summary(), "409 wrong_state");
    let letter = services.dead_letter().await?;
    let path = format!(
        "/api/v1/payments/dead-letters/{}",
        letter["id"].as_str().unwrap_or_default()
    );
    let details = services.bookings.get(&path).await?;
    let failures = details.body["failures"].as_array().cloned();
    let attempts: Vec<Value> = failures
        .unwrap_or_default()
        .iter()
        .map(|failure| failure["attempt"].clone())
        .collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5, 6].map(Value::from));

    services.mock(json!({"failure_rate": 0.0})).await?;
    assert_eq!(services.requeue(&letter).await?.status, 200);
    services.tickets_are(&id, "CONFIRMED").await?;
    assert_eq!(services.dead_letters().await?.len(), 0);
    let details = services.bookings.get(&path).await?;
    assert_eq!(details.body["booking_status"], "CONFIRMED");
    assert!(details.body["requeued_at"].is_string());
    assert_eq!(services.statistics(&show).await?, [2.0, 151.0, 8.0]);
    Ok(())
}

#[tokio::test]
async fn a_cancelled_bookings_dead_letter_cannot_be_requeued() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(10).await?;
    services.mock(json!({"failure_rate": 1.0})).await?;
    let id = id_in(&services.book_tickets(&show, 2).await?)?;
    let letter = services.dead_letter().await?;
    assert_eq!(services.cancel_tickets(&id).await?.status, 200);
    assert_eq!(
        services.requeue(&letter).await?.summary(),
        "409 wrong_state"
    );
    // Nothing is left to do: it is not listed as open, but found by its id.
    assert_eq!(services.dead_letters().await?.len(), 0);
    let path = format!(
        "/api/v1/payments/dead-letters/{}",
        letter["id"].as_str().unwrap_or_default()
    );
    let details = services.bookings.get(&path).await?;
    assert_eq!(details.body["booking_status"], "CANCELLED");
    assert_eq!(services.statistics(&show).await?, [0.0, 0.0, 10.0]);
    let unknown = json!({"id": id});
    assert_eq!(services.requeue(&unknown).await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_booking_unpaid_at_its_deadline_is_cancelled() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.events.payment_deadline = Duration::from_secs(2);
    })
    .await?;
    let show = services.show(10).await?;
    services.mock(json!({"failure_rate": 1.0})).await?;
    let booked = services.book_tickets(&show, 2).await?;
    let ended = services.tickets_are(&id_in(&booked)?, "CANCELLED").await?;
    assert_eq!(ended.body["code"], "expired");
    assert_eq!(services.statistics(&show).await?, [0.0, 0.0, 10.0]);
    assert_eq!(services.dead_letters().await?.len(), 0);
    Ok(())
}

/// The charge may have been made: it is found and refunded once payment-service is back.
#[tokio::test]
async fn a_deadline_cancels_even_while_payment_service_is_down() -> anyhow::Result<()> {
    let mut services = Services::start_with(|settings| {
        settings.bookings.events.payment_deadline = Duration::from_secs(2);
    })
    .await?;
    let show = services.show(10).await?;
    services.mock(json!({"lost_answer_rate": 1.0})).await?;
    let id = id_in(&services.book_tickets(&show, 2).await?)?;
    let captured = "SELECT count(*) FROM charges WHERE status = 'success'";
    wait_until("it is charged", SOON, async || {
        let charged = count(&services.databases.payments, captured).await;
        charged.is_ok_and(|charged| charged == 1)
    })
    .await?;
    services.stop_service(Service::Payment).await?;
    services.tickets_are(&id, "CANCELLED").await?;
    assert_eq!(services.statistics(&show).await?, [0.0, 0.0, 10.0]);
    services.start_service(Service::Payment).await?;
    check_invariants(&services.databases).await?;
    let kept = "SELECT count(*) FROM charges WHERE refunded_minor < amount_minor";
    assert_eq!(count(&services.databases.payments, kept).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_payment_resumes_when_payment_service_is_back() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    let show = services.show(10).await?;
    services.stop_service(Service::Payment).await?;
    let id = id_in(&services.book_tickets(&show, 2).await?)?;
    services.start_service(Service::Payment).await?;
    services.tickets_are(&id, "CONFIRMED").await?;
    Ok(())
}

#[tokio::test]
async fn a_cancellation_during_a_payment_refunds_it() -> anyhow::Result<()> {
    let gated = Gated::new();
    let provider = std::sync::Arc::clone(&gated);
    let services = Services::start_with(|settings| settings.provider = Some(provider)).await?;
    let show = services.show(10).await?;
    let id = id_in(&services.book_tickets(&show, 2).await?)?;
    gated.is_asked().await?;
    let cancelling = services.cancel_tickets(&id);
    let letting = async {
        services.tickets_are(&id, "CANCELLED").await?;
        gated.let_through();
        Ok::<_, anyhow::Error>(())
    };
    let (cancelled, let_through) = tokio::join!(cancelling, letting);
    let_through?;
    assert!(matches!(cancelled?.status, 200 | 503));
    assert_eq!(services.statistics(&show).await?, [0.0, 0.0, 10.0]);
    check_invariants(&services.databases).await?;
    Ok(())
}

/// Five hundred payments are pending while Redis is flushed, killed and restarted.
#[tokio::test]
async fn pending_payments_outlive_redis() -> anyhow::Result<()> {
    let servers = PrivateServers::start(Durability::Fast).await?;
    let mut services = Services::start_on_own(servers).await?;
    let show = services.show(400).await?;
    services.stop_service(Service::Payment).await?;
    let bookings = (0..500).map(|_| services.book_tickets(&show, 1));
    let mut pending = 0;
    for answer in futures_util::future::join_all(bookings).await {
        match answer?.status {
            201 => pending += 1,
            409 => {}
            other => anyhow::bail!("answered {other}"),
        }
    }
    assert_eq!(pending, 400);
    services.own_servers()?.redis.flush().await?;
    services.own_servers()?.redis.kill().await?;
    services.start_service(Service::Payment).await?;
    let confirmed = "SELECT count(*) FROM bookings WHERE public_status = 'confirmed'";
    wait_until("some are paid without redis", SOON, async || {
        let paid = count(&services.databases.bookings, confirmed).await;
        paid.is_ok_and(|paid| paid > 0)
    })
    .await?;
    services.own_servers()?.redis.restart().await?;
    check_invariants(&services.databases).await?;
    assert_eq!(count(&services.databases.bookings, confirmed).await?, 400);
    let charged = "SELECT count(*) FROM charges WHERE status = 'success'";
    assert_eq!(count(&services.databases.payments, charged).await?, 400);
    assert_eq!(services.statistics(&show).await?, [400.0, 30200.0, 0.0]);
    Ok(())
}
