//! Bookings under an Idempotency-Key: made once, however often they are requested.

use serde_json::json;
use test_stack::wait_until;
use tokio::task::JoinSet;

use crate::services::{AI101, AI103, Services, booking_of};
use crate::sql::count;
use test_stack::caller::SOON;

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let first = services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    assert_eq!(first.status, 200);
    assert!(!first.is_replayed());
    for key in ["k1", "\"k1\""] {
        let again = services
            .bookings
            .book_keyed(key, &booking_of(AI101, 2))
            .await?;
        assert!(again.is_replayed());
        assert_eq!((again.status, &again.text), (200, &first.text));
    }
    assert_eq!(services.free_seats(AI101).await?, 128);
    // A refusal is an answer as well.
    let first = services
        .bookings
        .book_keyed("k2", &booking_of(AI103, 101))
        .await?;
    assert_eq!(first.summary(), "400 sold_out");
    let again = services
        .bookings
        .book_keyed("k2", &booking_of(AI103, 101))
        .await?;
    assert!(again.is_replayed());
    assert_eq!(again.text, first.text);
    Ok(())
}

#[tokio::test]
async fn a_key_cannot_be_reused_for_another_request() -> anyhow::Result<()> {
    let services = Services::start().await?;
    services
        .bookings
        .book_keyed("k1", &booking_of(AI101, 2))
        .await?;
    let mut of_another = booking_of(AI101, 2);
    of_another["user_id"] = json!(2);
    for body in [booking_of(AI101, 3), booking_of(AI103, 2), of_another] {
        let answer = services.bookings.book_keyed("k1", &body).await?;
        assert_eq!(answer.summary(), "422 idempotency_key_reused", "{body}");
    }
    // A malformed request is not stored.
    let answer = services
        .bookings
        .book_keyed("k2", &booking_of(AI101, 0))
        .await?;
    assert_eq!(answer.invalid(), "400 /seats");
    let answer = services
        .bookings
        .book_keyed("k2", &booking_of(AI101, 1))
        .await?;
    assert_eq!(answer.status, 200);
    assert_eq!(services.free_seats(AI101).await?, 127);
    Ok(())
}

#[tokio::test]
async fn concurrent_repeats_book_once() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let caller = services.bookings.clone();
        requests.spawn(async move { caller.book_keyed("k1", &booking_of(AI103, 60)).await });
    }
    let mut first_ones = 0;
    while let Some(answer) = requests.join_next().await {
        let answer = answer??;
        assert!(
            answer.status == 200 || answer.is_not_yet(),
            "{}",
            answer.text
        );
        first_ones += i32::from(answer.status == 200 && !answer.is_replayed());
    }
    assert_eq!(first_ones, 1);
    wait_until("the key has its answer", SOON, async || {
        let again = services
            .bookings
            .book_keyed("k1", &booking_of(AI103, 60))
            .await;
        again.is_ok_and(|again| again.status == 200 && again.is_replayed())
    })
    .await?;
    assert_eq!(services.free_seats(AI103).await?, 40);
    let bookings = "SELECT count(*) FROM bookings";
    assert_eq!(count(&services.databases.bookings, bookings).await?, 1);
    let charges = "SELECT count(*) FROM charges";
    assert_eq!(count(&services.databases.payments, charges).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_malformed_key_is_refused() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for key in ["", "\"\"", &"k".repeat(256)] {
        let answer = services
            .bookings
            .book_keyed(key, &booking_of(AI101, 1))
            .await?;
        assert_eq!(answer.summary(), "400 invalid_idempotency_key", "{key:?}");
    }
    let longest = "k".repeat(255);
    let answer = services
        .bookings
        .book_keyed(&longest, &booking_of(AI101, 1))
        .await?;
    assert_eq!(answer.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_changed_price_leaves_the_key_free() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let mut body = booking_of(AI101, 2);
    body["expected_total"] = json!(1);
    let changed = services.bookings.book_keyed("k1", &body).await?;
    assert_eq!(changed.summary(), "409 price_changed");
    body["expected_total"] = json!(17000);
    let booked = services.bookings.book_keyed("k1", &body).await?;
    assert_eq!(
        (booked.summary().as_str(), booked.is_replayed()),
        ("200 -", false)
    );
    assert!(
        services
            .bookings
            .book_keyed("k1", &body)
            .await?
            .is_replayed()
    );
    Ok(())
}
