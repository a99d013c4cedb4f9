//! Cancelled bookings: seats are released, charges refunded.

use local_servers::service::Service;
use test_stack::wait_until;
use tokio::task::JoinSet;

use crate::services::{AI101, AI103, Services, booking_of, id_of};
use crate::sql::count;
use test_stack::caller::SOON;

#[tokio::test]
async fn a_confirmed_booking_is_cancelled_once() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let booked = services.bookings.book(&booking_of(AI101, 2)).await?;
    let id = id_of(&booked)?;
    let cancelled = services.bookings.cancel(id).await?;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    assert_eq!(cancelled.body["booking_id"], id);
    assert!(cancelled.body["message"].is_string());
    assert!(cancelled.body["cancelled_at"].is_string());
    assert_eq!(services.free_seats(AI101).await?, 130);
    let charge = services.charge(&booked.body["payment_id"]).await?;
    assert_eq!(charge["refunded"], 17000.0);
    assert_eq!(
        services.bookings.look(id).await?.body["status"],
        "cancelled"
    );
    for _ in 0..2 {
        let again = services.bookings.cancel(id).await?;
        assert_eq!(again.summary(), "400 not_cancellable");
    }
    assert_eq!(services.free_seats(AI101).await?, 130);
    Ok(())
}

#[tokio::test]
async fn a_failed_booking_is_not_cancellable() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let failed = services.bookings.book(&booking_of(AI103, 101)).await?;
    let answer = services.bookings.cancel(id_of(&failed)?).await?;
    assert_eq!(answer.summary(), "400 not_cancellable");
    assert_eq!(
        services.bookings.cancel(99).await?.summary(),
        "404 not_found"
    );
    Ok(())
}

#[tokio::test]
async fn concurrent_cancellations_refund_once() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let booked = services.bookings.book(&booking_of(AI101, 2)).await?;
    let id = id_of(&booked)?;
    let mut requests = JoinSet::new();
    for _ in 0..10 {
        let caller = services.bookings.clone();
        requests.spawn(async move { caller.cancel(id).await });
    }
    let mut cancelled = 0;
    while let Some(answer) = requests.join_next().await {
        let answer = answer??;
        assert!(
            matches!(answer.status, 200 | 400 | 409 | 503),
            "{}",
            answer.text
        );
        cancelled += i32::from(answer.status == 200);
    }
    assert!(cancelled >= 1);
    let refunds = "SELECT count(*) FROM refunds";
    assert_eq!(count(&services.databases.payments, refunds).await?, 1);
    assert_eq!(services.free_seats(AI101).await?, 130);
    Ok(())
}

#[tokio::test]
async fn a_refund_waits_for_payment_service() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    let booked = services.bookings.book(&booking_of(AI101, 2)).await?;
    let id = id_of(&booked)?;
    services.stop_service(Service::Payment).await?;
    // The seats are free, and the refund is on its way.
    assert_eq!(services.bookings.cancel(id).await?.status, 200);
    let seen = services.bookings.look(id).await?;
    assert_eq!(seen.body["status"], "cancelled");
    assert_eq!(services.free_seats(AI101).await?, 130);
    services.start_service(Service::Payment).await?;
    wait_until("the charge is refunded", SOON, async || {
        let charge = services.charge(&booked.body["payment_id"]).await;
        charge.is_ok_and(|charge| charge["refunded"] == 17000.0)
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn seats_wait_for_flight_service() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    let booked = services.bookings.book(&booking_of(AI101, 2)).await?;
    let id = id_of(&booked)?;
    services.stop_service(Service::Flight).await?;
    let answer = services.bookings.cancel(id).await?;
    assert_eq!(answer.summary(), "503 unavailable");
    // No refund before the seats are released.
    let charge = services.charge(&booked.body["payment_id"]).await?;
    assert_eq!(charge["refunded"], 0.0);
    services.start_service(Service::Flight).await?;
    wait_until("the booking is cancelled", SOON, async || {
        let seen = services.bookings.look(id).await;
        seen.is_ok_and(|seen| seen.body["status"] == "cancelled")
    })
    .await?;
    assert_eq!(services.free_seats(AI101).await?, 130);
    Ok(())
}
