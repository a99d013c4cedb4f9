//! Faults in the middle of a payment: the customer ends with the seats or with the money.

use std::sync::Arc;

use test_stack::wait_until;
use uuid::Uuid;

use crate::caller::SOON;
use crate::databases::{connect, count_by};
use crate::gated::Gated;
use crate::services::{AI101, Part, Services, booking_of};

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
    services.stop_part(Part::Flights).await?;
    provider.let_through();
    // It is paid, and its seats are pinned: it will be confirmed.
    let booked = booking.await??;
    assert_eq!(booked.summary(), "200 -");
    assert_eq!(services.bookings.look(1).await?.body["status"], "confirmed");

    services.start_part(Part::Flights).await?;
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
    assert_eq!(services.free(AI101).await?, 128);
    services.finish().await
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
    services.check_invariants().await?;
    let seen = services.bookings.look(1).await?;
    assert_eq!(seen.body["code"], "hold_released");
    let charge = services.charge(&seen.body["payment_id"]).await?;
    assert_eq!(charge["refunded"], 17000.0);
    services.finish().await
}

#[tokio::test]
async fn a_stopping_service_finishes_its_requests() -> anyhow::Result<()> {
    for part in [Part::Bookings, Part::Payments] {
        let provider = Gated::new();
        let mut services = services_with(&provider).await?;
        let (bookings, payments) = (services.bookings.clone(), services.payments.clone());
        let caller = bookings.clone();
        let booking = tokio::spawn(async move { caller.book(&booking_of(AI101, 2)).await });
        provider.is_asked().await?;
        let let_through_once_it_stops = async {
            let stopping = if part == Part::Bookings {
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
        let (stopped, booked) = tokio::join!(services.stop_part(part), let_through_once_it_stops);
        stopped?;
        assert_eq!(booked?.summary(), "200 -", "{part:?}");
        services.start_part(part).await?;
        services.finish().await?;
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
    services.check_invariants().await?;
    assert_eq!(services.bookings.look(1).await?.body["status"], "confirmed");
    services.finish().await
}
