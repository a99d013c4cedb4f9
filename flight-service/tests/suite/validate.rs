//! Validate: whether seats could be sold.

use serde_json::{Value, json};

use crate::support::{AI101, AI103, TestService, seats_of};
use test_stack::caller::{Answer, Caller};

async fn validate(caller: &Caller, body: &Value) -> anyhow::Result<Answer> {
    caller.post("/api/flights/validate", body).await
}

#[tokio::test]
async fn what_can_be_sold_has_a_price() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let answer = validate(&service.caller, &seats_of(AI101, 2)).await?;
    assert_eq!(answer.status, 200);
    let expected =
        json!({"valid": true, "price": 17000.0, "currency": "INR", "available_seats": 130});
    assert_eq!(answer.body, expected);
    // All remaining seats; the call takes none.
    let answer = validate(&service.caller, &seats_of(AI101, 130)).await?;
    assert_eq!(answer.body["price"], 1_105_000.0);
    assert_eq!(service.caller.free_seats(AI101).await?, 130);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_sold_is_an_answer_too() -> anyhow::Result<()> {
    let rows = "XX1,GOI,DEL,2024-02-15T04:00:00Z,2024-02-15T08:00:00Z,50,9000000000.00";
    let service = TestService::start_with_flights(rows, |_| {}).await?;
    let caller = &service.caller;
    caller.decrement(&seats_of(AI103, 98)).await?;
    for (body, code, left) in [
        (seats_of(999, 1), "unknown_flight", Value::Null),
        (
            json!({"flight_id": AI101, "seats": 1, "date": "2024-02-16"}),
            "wrong_date",
            Value::Null,
        ),
        (seats_of(AI103, 3), "sold_out", json!(2)),
        (seats_of(AI103, 1_000_000), "sold_out", json!(2)),
        (seats_of(18, 2), "too_expensive", Value::Null),
    ] {
        let answer = validate(caller, &body).await?;
        assert_eq!(answer.status, 200, "{body}");
        assert_eq!(answer.body["valid"], false, "{body}");
        assert_eq!(answer.body["code"], code, "{body}");
        assert!(answer.body["message"].is_string(), "{body}");
        assert_eq!(answer.body["price"], Value::Null, "{body}");
        assert_eq!(answer.body["available_seats"], left, "{body}");
    }
    let answer = validate(caller, &seats_of(AI103, 2)).await?;
    assert_eq!(answer.body["valid"], true);
    Ok(())
}
