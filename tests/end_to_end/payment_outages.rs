//! payment-service is down, slow, or its answer is lost: nobody pays twice, and every booking is confirmed or
//! reversed.

use local_servers::service::Service;
use std::time::Duration;

use reconcile::Rule;
use test_stack::wait_for;

use crate::invariants::check_invariants;
use crate::services::{AI101, Services, booking_of};
use crate::sql::{connect, count};
use test_stack::caller::{Answer, SOON};

/// Retries with the same key until there is an answer.
async fn reversed(services: &Services, key: &str) -> anyhow::Result<Answer> {
    wait_for("the key has its answer", SOON, async || {
        let again = services
            .bookings
            .book_keyed(key, &booking_of(AI101, 2))
            .await?;
        anyhow::ensure!(!again.is_not_yet(), "{}", again.text);
        Ok::<_, anyhow::Error>(again)
    })
    .await
}

async fn charges(services: &Services) -> anyhow::Result<i64> {
    count(
        &services.databases.payments,
        "SELECT count(*) FROM charges WHERE status <> 'closed'",
    )
    .await
}

#[tokio::test]
async fn a_keyed_booking_completes_once_payment_service_is_back() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    services.stop_service(Service::Payment).await?;
    let away = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(away.summary(), "503 unavailable");
    assert_eq!(away.body["retryable"], true);
    // Its seats wait for it.
    assert_eq!(services.free_seats(AI101).await?, 128);
    services.start_service(Service::Payment).await?;
    let answer = reversed(&services, "k1").await?;
    assert_eq!(answer.summary(), "200 -");
    assert!(answer.is_replayed());
    assert_eq!(answer.body["status"], "confirmed");
    assert_eq!(reversed(&services, "k1").await?.text, answer.text);
    assert_eq!(charges(&services).await?, 1);
    assert_eq!(services.free_seats(AI101).await?, 128);
    Ok(())
}

#[tokio::test]
async fn a_keyed_booking_completes_without_a_retry() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    services.stop_service(Service::Payment).await?;
    let away = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(away.summary(), "503 unavailable");
    services.start_service(Service::Payment).await?;
    check_invariants(&services.databases).await?;
    assert_eq!(services.bookings.look(1).await?.body["status"], "confirmed");
    Ok(())
}

/// Without a key no client can ask for the outcome, so the booking is not made.
#[tokio::test]
async fn a_booking_without_a_key_is_not_made_later() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    services.stop_service(Service::Payment).await?;
    let away = services.bookings.book(&booking_of(AI101, 2)).await?;
    assert_eq!(away.summary(), "503 unavailable");
    services.start_service(Service::Payment).await?;
    check_invariants(&services.databases).await?;
    assert_eq!(services.bookings.look(1).await?.body["status"], "failed");
    assert_eq!(charges(&services).await?, 0);
    assert_eq!(services.free_seats(AI101).await?, 130);
    Ok(())
}

#[tokio::test]
async fn a_charge_whose_answer_was_lost_is_not_made_twice() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.payments.mock.lost_answer_rate = 1.0;
        // A lost answer is then given up; otherwise the service could not be stopped.
        settings.payments.http.request_timeout = Duration::from_secs(1);
        settings.bookings.payments.timeout = Duration::from_millis(300);
    })
    .await?;
    let lost = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(lost.summary(), "503 unavailable");
    let answer = reversed(&services, "k1").await?;
    assert_eq!(answer.summary(), "200 -");
    assert_eq!(charges(&services).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_charge_that_takes_too_long_is_waited_for() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.payments.mock.processing_time = Duration::from_millis(1500);
        settings.bookings.payments.timeout = Duration::from_millis(200);
    })
    .await?;
    let slow = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(slow.summary(), "503 unavailable");
    let answer = reversed(&services, "k1").await?;
    assert_eq!(answer.summary(), "200 -");
    assert_eq!(charges(&services).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_refusal_whose_answer_was_lost_stays_a_refusal() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.payments.mock.failure_rate = 1.0;
        settings.payments.mock.processing_time = Duration::from_millis(500);
        settings.bookings.payments.timeout = Duration::from_millis(100);
    })
    .await?;
    let slow = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(slow.summary(), "503 unavailable");
    let answer = reversed(&services, "k1").await?;
    assert_eq!(answer.summary(), "400 payment_failed");
    assert!(answer.is_replayed());
    assert_eq!(services.free_seats(AI101).await?, 130);
    Ok(())
}

/// A late charge would surprise the customer: past its deadline a booking is not paid any more.
#[tokio::test]
async fn no_payment_begins_after_the_deadline() -> anyhow::Result<()> {
    let mut services = Services::start_with(|settings| {
        settings.bookings.bookings.deadline = Duration::from_secs(1);
        settings.bookings.bookings.hold_ttl = Duration::from_secs(3);
    })
    .await?;
    let order = services.order("alice", &["A1"]).await?;
    services.stop_service(Service::Payment).await?;
    let away = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(away.summary(), "503 unavailable");
    assert_eq!(services.pay(&order, "12345").await?.status, 200);
    let late = "SELECT count(*) FROM bookings WHERE deadline_at < now() AND state IN ('pending', 'paying')";
    wait_for("both are late", SOON, async || {
        let late = count(&services.databases.bookings, late).await?;
        anyhow::ensure!(late == 2, "{late}");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    services.start_service(Service::Payment).await?;
    let answer = reversed(&services, "k1").await?;
    assert_eq!(answer.summary(), "400 expired");
    services.wait_for_status(&order, "EXPIRED").await?;
    assert_eq!(charges(&services).await?, 0);
    assert_eq!(services.free_seats(AI101).await?, 130);
    assert_eq!(services.taken_seats().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_charge_that_was_made_in_time_counts_after_the_deadline() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.payments.mock.lost_answer_rate = 1.0;
        settings.payments.http.request_timeout = Duration::from_secs(1);
        settings.bookings.payments.timeout = Duration::from_millis(300);
        settings.bookings.bookings.deadline = Duration::from_millis(500);
    })
    .await?;
    let lost = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(lost.summary(), "503 unavailable");
    let answer = reversed(&services, "k1").await?;
    assert_eq!(answer.summary(), "200 -");
    assert_eq!(charges(&services).await?, 1);
    Ok(())
}

/// The charge is missing: the refund that is owed is not forgotten.
#[tokio::test]
async fn a_refund_whose_charge_is_missing_stays_owed() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let booked = services.bookings.book(&booking_of(AI101, 2)).await?;
    assert_eq!(booked.status, 200);
    let payments = connect(&services.databases.payments).await?;
    payments
        .batch_execute("UPDATE charges SET idempotency_key = 'lost ' || idempotency_key")
        .await?;
    // The customer's seats are free; the refund has to wait.
    assert_eq!(services.bookings.cancel(1).await?.status, 200);
    assert_eq!(services.free_seats(AI101).await?, 130);
    let report = services.databases.reconcile().await?;
    let rules: Vec<Rule> = report.violations.iter().map(|one| one.rule).collect();
    assert_eq!(rules, [Rule::ChargeMissing]);

    payments
        .batch_execute("UPDATE charges SET idempotency_key = substr(idempotency_key, 6)")
        .await?;
    let bookings = connect(&services.databases.bookings).await?;
    bookings
        .batch_execute("UPDATE bookings SET next_step_at = now()")
        .await?;
    check_invariants(&services.databases).await?;
    let kept = "SELECT count(*) FROM charges WHERE refunded_minor < amount_minor";
    assert_eq!(count(&services.databases.payments, kept).await?, 0);
    Ok(())
}
