//! Decrement and increment: seats by count, without a hold.

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{AI101, AI103, DAY, FL123, TestService, seats_of};

#[tokio::test]
async fn seats_are_taken_and_given_back() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let taken = service.caller.decrement(&seats_of(AI101, 3)).await?;
    assert_eq!(taken.status, 200);
    for (field, value) in [
        ("message", json!("3 seats taken")),
        ("flight_id", json!(AI101)),
        ("seats", json!(3)),
        ("date", json!(DAY)),
        ("available_seats", json!(127)),
    ] {
        assert_eq!(taken.body[field], value, "{field}");
    }
    assert!(taken.body["updated_at"].is_string());
    let back = service.caller.increment(&seats_of(AI101, 2)).await?;
    assert_eq!(back.body["message"], "2 seats given back");
    assert_eq!(back.body["available_seats"], 129);
    assert_eq!(service.caller.free_seats(AI101).await?, 129);
    Ok(())
}

#[tokio::test]
async fn fifty_at_once_take_exactly_what_there_is() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let caller = service.caller.clone();
        requests.spawn(async move { caller.decrement(&seats_of(AI103, 3)).await });
    }
    let mut left = Vec::new();
    let mut refused = 0;
    while let Some(answer) = requests.join_next().await {
        let answer = answer??;
        match answer.summary().as_str() {
            "200 -" => left.push(answer.body["available_seats"].as_i64()),
            other => {
                assert_eq!(other, "409 sold_out");
                refused += 1;
            }
        }
    }
    assert_eq!((left.len(), refused), (33, 17));
    // Each answer has a count of its own: they are serialized, and none is lost.
    left.sort_unstable();
    let expected: Vec<_> = (0..33).map(|taken| Some(1 + 3 * taken)).collect();
    assert_eq!(left, expected);
    assert_eq!(service.caller.free_seats(AI103).await?, 1);
    Ok(())
}

#[tokio::test]
async fn more_than_there_is_takes_nothing() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for seats in [101, 1_000_000] {
        let answer = service.caller.decrement(&seats_of(AI103, seats)).await?;
        assert_eq!(answer.summary(), "409 sold_out");
        assert_eq!(answer.body["retryable"], false);
    }
    assert_eq!(service.caller.free_seats(AI103).await?, 100);
    assert_eq!(
        service
            .caller
            .decrement(&seats_of(AI103, 100))
            .await?
            .status,
        200
    );
    let answer = service.caller.decrement(&seats_of(AI103, 1)).await?;
    assert_eq!(answer.summary(), "409 sold_out");
    Ok(())
}

#[tokio::test]
async fn no_more_comes_back_than_was_taken() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let answer = service.caller.increment(&seats_of(FL123, 1)).await?;
    assert_eq!(answer.summary(), "409 not_taken");
    service.caller.decrement(&seats_of(FL123, 2)).await?;
    let answer = service.caller.increment(&seats_of(FL123, 3)).await?;
    assert_eq!(answer.summary(), "409 not_taken");
    assert_eq!(service.caller.free_seats(FL123).await?, 28);
    // What is held is not theirs to give back.
    let hold = json!({
        "id": uuid::Uuid::new_v4(), "owner": "alice",
        "legs": [{"flight_id": FL123, "units": 5}],
    });
    assert_eq!(service.caller.post("/api/holds", &hold).await?.status, 201);
    let answer = service.caller.increment(&seats_of(FL123, 3)).await?;
    assert_eq!(answer.summary(), "409 not_taken");
    Ok(())
}

#[tokio::test]
async fn seats_booked_before_the_import_can_be_given_back() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let answer = service.caller.increment(&seats_of(AI103, 81)).await?;
    assert_eq!(answer.summary(), "409 not_taken");
    let answer = service.caller.increment(&seats_of(AI103, 80)).await?;
    assert_eq!(answer.body["available_seats"], 180);
    let answer = service.caller.increment(&seats_of(AI103, 1)).await?;
    assert_eq!(answer.summary(), "409 not_taken");
    let flight = service.caller.get("/api/flights/3").await?;
    assert_eq!(flight.body["booked_seats"], 0);
    Ok(())
}

#[tokio::test]
async fn the_flight_and_its_date_must_be_right() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let wrong_date = json!({"flight_id": AI101, "seats": 1, "date": "2024-02-16"});
    for (body, summary) in [
        (seats_of(999, 1), "404 unknown_flight"),
        (seats_of(-1, 1), "404 unknown_flight"),
        (wrong_date, "409 wrong_date"),
    ] {
        let answer = service.caller.decrement(&body).await?;
        assert_eq!(answer.summary(), summary, "{body}");
        let answer = service.caller.increment(&body).await?;
        assert_eq!(answer.summary(), summary, "{body}");
    }
    assert_eq!(service.caller.free_seats(AI101).await?, 130);
    Ok(())
}
