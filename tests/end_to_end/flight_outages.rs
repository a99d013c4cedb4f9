//! flight-service is down: bookings are refused quickly, and all are reversed.

use local_servers::service::Service;
use std::time::{Duration, Instant};

use test_stack::wait_for;

use crate::invariants::check_invariants;
use crate::services::{AI101, Services, booking_of};
use crate::sql::count;
use test_stack::caller::SOON;

#[tokio::test]
async fn a_booking_refused_in_an_outage_is_not_made_later() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    services.stop_service(Service::Flight).await?;
    let started = Instant::now();
    let away = services.bookings.book(&booking_of(AI101, 2)).await?;
    assert_eq!(away.summary(), "503 unavailable");
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    services.start_service(Service::Flight).await?;
    check_invariants(&services.databases).await?;
    let seen = services.bookings.look(1).await?;
    assert_eq!(seen.body["status"], "failed");
    assert_eq!(services.free_seats(AI101).await?, 130);
    // The key of its first attempt is closed, for good.
    let charges = "SELECT count(*) FROM charges WHERE status <> 'closed'";
    assert_eq!(count(&services.databases.payments, charges).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_keyed_booking_completes_once_flight_service_is_back() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    services.stop_service(Service::Flight).await?;
    let away = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(away.summary(), "503 unavailable");
    services.start_service(Service::Flight).await?;
    let answer = wait_for("the key has its answer", SOON, async || {
        let again = services
            .bookings
            .book_keyed("k1", &booking_of(AI101, 2))
            .await?;
        anyhow::ensure!(!again.is_not_yet(), "{}", again.text);
        Ok::<_, anyhow::Error>(again)
    })
    .await?;
    assert_eq!(answer.summary(), "200 -");
    assert!(answer.is_replayed());
    assert_eq!(services.free_seats(AI101).await?, 128);
    Ok(())
}

#[tokio::test]
async fn a_booking_is_shown_without_its_flight() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    services.bookings.book(&booking_of(AI101, 2)).await?;
    services.stop_service(Service::Flight).await?;
    let seen = services.bookings.look(1).await?;
    assert_eq!(seen.body["status"], "confirmed");
    assert!(seen.body.get("flight").is_none(), "{}", seen.text);
    services.start_service(Service::Flight).await?;
    Ok(())
}
