//! Faults in the middle of a payment: the customer ends with the seats or with the money.

use local_servers::service::Service;
use std::sync::Arc;

use test_stack::wait_until;
use uuid::Uuid;

use crate::gated::Gated;
use crate::invariants::check_invariants;
use crate::services::{AI101, Services, booking_of};
use crate::sql::{connect, count_by};
use test_stack::caller::SOON;

/// Services whose charges wait to be released.
async fn services_with(provider: &Arc<Gated>) -> anyhow::Result<Services> {
    Services::start_with(|settings| settings.provider = Some(provider.clone())).await
}

#[tokio::test]
async fn flight_service_vanishes_between_charge_and_sale() -> anyhow::Result<()> {
    let provider = Gated::new();
    let mut services = services_with(&provider).await?;
    let caller = services.bookings.clone();
    let booking = tokio::spawn(async move { caller.book_keyed("k1", &booking_of(AI101, 2)).await });
    provider.is_asked().await?;
    services.stop_service(Service::Flight).await?;
    provider.let_through();
    // It is paid, and its seats are pinned: it will be confirmed.
    let booked = booking.await??;
    assert_eq!(booked.summary(), "200 -");
    assert_eq!(services.bookings.look(1).await?.body["status"], "confirmed");

    services.start_service(Service::Flight).await?;
    let sql = connect(&services.databases.flights).await?;
    let sold = "SELECT count(*) FROM holds WHERE status = 'sold'";
    wait_until("the seats are sold", SOON, async || {
        count_by(&sql, sold).await.is_ok_and(|sold| sold == 1)
    })
    .await?;
    let again = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(again.text, booked.text);
    assert_eq!(services.free_seats(AI101).await?, 128);
    Ok(())
}

#[tokio::test]
async fn a_paid_booking_that_lost_its_seats_is_refunded() -> anyhow::Result<()> {
    let provider = Gated::new();
    let services = services_with(&provider).await?;
    let caller = services.bookings.clone();
    let booking = tokio::spawn(async move { caller.book(&booking_of(AI101, 2)).await });
    provider.is_asked().await?;
    // Something else releases its seats.
    let sql = connect(&services.databases.bookings).await?;
    let row = sql.query_one("SELECT hold_id FROM bookings", &[]).await?;
    let path = format!("/api/holds/{}/release", row.try_get::<_, Uuid>(0)?);
    let released = services.flights.post(&path, &serde_json::json!({})).await?;
    assert_eq!(released.status, 200);
    provider.let_through();
    assert_eq!(booking.await??.summary(), "200 -");
    wait_until("the booking is undone", SOON, async || {
        let seen = services.bookings.look(1).await;
        seen.is_ok_and(|seen| seen.body["status"] == "cancelled")
    })
    .await?;
    check_invariants(&services.databases).await?;
    let seen = services.bookings.look(1).await?;
    assert_eq!(seen.body["code"], "hold_released");
    let charge = services.charge(&seen.body["payment_id"]).await?;
    assert_eq!(charge["refunded"], 17000.0);
    Ok(())
}

#[tokio::test]
async fn a_service_that_stops_finishes_what_it_began() -> anyhow::Result<()> {
    for service in [Service::Booking, Service::Payment] {
        let provider = Gated::new();
        let mut services = services_with(&provider).await?;
        let (bookings, payments) = (services.bookings.clone(), services.payments.clone());
        let caller = bookings.clone();
        let booking = tokio::spawn(async move { caller.book(&booking_of(AI101, 2)).await });
        provider.is_asked().await?;
        let let_through_once_it_stops = async {
            let stopping = if service == Service::Booking {
                &bookings
            } else {
                &payments
            };
            wait_until("the service takes no more requests", SOON, async || {
                stopping.get("/health").await.is_err()
            })
            .await?;
            provider.let_through();
            booking.await?
        };
        let (stopped, booked) =
            tokio::join!(services.stop_service(service), let_through_once_it_stops);
        stopped?;
        assert_eq!(booked?.summary(), "200 -", "{service:?}");
        services.start_service(service).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_disconnecting_client_interrupts_nothing() -> anyhow::Result<()> {
    let provider = Gated::new();
    let services = services_with(&provider).await?;
    let caller = services.bookings.clone();
    let booking = tokio::spawn(async move { caller.book(&booking_of(AI101, 2)).await });
    provider.is_asked().await?;
    booking.abort();
    assert!(booking.await.is_err_and(|error| error.is_cancelled()));
    provider.let_through();
    check_invariants(&services.databases).await?;
    assert_eq!(services.bookings.look(1).await?.body["status"], "confirmed");
    Ok(())
}
