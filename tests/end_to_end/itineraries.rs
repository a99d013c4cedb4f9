//! Itineraries: several flights booked all or nothing.

use serde_json::{Value, json};

use crate::databases::DAY;
use crate::services::{Services, id_of};

/// DEL to HYD, 160 seats free at 9500.00.
const AI401: i64 = 8;
/// HYD to BLR, 145 seats free at 5500.00.
const AI402: i64 = 9;
/// BLR to DEL, 145 seats free at 12000.00.
const AI502: i64 = 15;

fn itinerary_of(flights: &[i64], seats: i64) -> Value {
    json!({"user_id": 1, "flight_ids": flights, "seats": seats, "date": DAY})
}

async fn free(services: &Services) -> anyhow::Result<[i64; 3]> {
    Ok([
        services.free(AI401).await?,
        services.free(AI402).await?,
        services.free(AI502).await?,
    ])
}

#[tokio::test]
async fn an_itinerary_is_booked_as_one() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let flights = [AI401, AI402, AI502];
    let booked = services.bookings.book(&itinerary_of(&flights, 2)).await?;
    assert_eq!(booked.summary(), "200 -");
    assert_eq!(booked.body["total_amount"], 54000.0);
    assert_eq!(free(&services).await?, [158, 143, 143]);
    let seen = services.bookings.look(id_of(&booked)?).await?;
    assert_eq!(seen.body["flight_ids"], json!(flights));
    assert_eq!(seen.body["flight_id"], AI401);
    assert_eq!(seen.body["flight"]["flight_number"], "AI401");
    services.bookings.cancel(1).await?;
    assert_eq!(free(&services).await?, [160, 145, 145]);
    services.finish().await
}

#[tokio::test]
async fn all_flights_or_none() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for (flights, seats, summary) in [
        ([AI401, AI402, AI502], 146, "400 sold_out"),
        ([AI401, AI402, 999], 1, "400 unknown_flight"),
    ] {
        let answer = services
            .bookings
            .book(&itinerary_of(&flights, seats))
            .await?;
        assert_eq!(answer.summary(), summary);
        assert_eq!(free(&services).await?, [160, 145, 145], "{summary}");
    }
    // The date is that of the first flight.
    let wrong =
        json!({"user_id": 1, "flight_ids": [AI401, AI402], "seats": 1, "date": "2024-02-16"});
    let answer = services.bookings.book(&wrong).await?;
    assert_eq!(answer.summary(), "400 wrong_date");
    // The last seats of the smaller one.
    let answer = services
        .bookings
        .book(&itinerary_of(&[AI401, AI402], 145))
        .await?;
    assert_eq!(answer.summary(), "200 -");
    assert_eq!(free(&services).await?, [15, 0, 145]);
    services.finish().await
}

#[tokio::test]
async fn two_currencies_cannot_be_paid_at_once() -> anyhow::Result<()> {
    let rows = "XX1,BLR,GOI,2024-02-15T10:00:00Z,2024-02-15T12:00:00Z,5,100.00,USD";
    let services = Services::start_with_flights(rows).await?;
    let answer = services
        .bookings
        .book(&itinerary_of(&[AI402, 18], 1))
        .await?;
    assert_eq!(answer.summary(), "400 not_payable");
    assert_eq!(
        (services.free(AI402).await?, services.free(18).await?),
        (145, 5)
    );
    services.finish().await
}

#[tokio::test]
async fn what_nobody_could_pay_is_refused() -> anyhow::Result<()> {
    let rows = "XX1,BLR,GOI,2024-02-15T10:00:00Z,2024-02-15T12:00:00Z,5,9000000000.00,INR";
    let services = Services::start_with_flights(rows).await?;
    let answer = services.bookings.book(&itinerary_of(&[18], 2)).await?;
    assert_eq!(answer.summary(), "400 not_payable");
    assert_eq!(services.free(18).await?, 5);
    services.finish().await
}
