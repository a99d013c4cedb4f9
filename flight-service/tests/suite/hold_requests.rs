//! Invalid holds, and holds that don't exist.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::holds::{hold, look, turn};
use crate::support::{AI101, TestService};

/// A valid hold with one field replaced.
fn with(field: &str, value: Value) -> Value {
    let mut body = json!({
        "id": Uuid::new_v4(), "owner": "alice",
        "legs": [{"flight_id": AI101, "units": 1}],
    });
    body[field] = value;
    body
}

#[tokio::test]
async fn a_wrong_field_is_named() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let leg = |flight: i64| json!({"flight_id": flight, "units": 1});
    let nine: Vec<Value> = (1..=9).map(leg).collect();
    for (body, invalid) in [
        (with("id", json!("1")), "400 /id"),
        (with("id", Value::Null), "400 /id"),
        (with("owner", json!("")), "400 /owner"),
        (with("owner", json!("o".repeat(256))), "400 /owner"),
        (with("owner", json!("a\u{0}b")), "400 /owner"),
        (with("owner", json!(7)), "400 /owner"),
        (with("legs", json!([])), "400 /legs"),
        (with("legs", json!(nine)), "400 /legs"),
        (with("legs", json!([leg(1), leg(2), leg(1)])), "400 /legs"),
        (with("legs", json!([{"flight_id": 1}])), "400 /legs/0"),
        (with("legs", json!([{"units": 1}])), "400 /legs/0/flight_id"),
        (
            with("legs", json!([leg(2), {"flight_id": 1, "units": 0}])),
            "400 /legs/1/units",
        ),
        (
            with("legs", json!([{"flight_id": 1, "units": -1}])),
            "400 /legs/0/units",
        ),
        (
            with("legs", json!([{"flight_id": 1, "units": 1_000_000_000}])),
            "400 /legs/0/units",
        ),
        (
            with(
                "legs",
                json!([{"flight_id": 1, "units": 1, "date": "soon"}]),
            ),
            "400 /legs/0/date",
        ),
        (with("expires_at", json!("soon")), "400 /expires_at"),
        (
            with("expires_at", json!("-009999-01-02T01:59:59Z")),
            "400 /expires_at",
        ),
    ] {
        let answer = hold(&service.caller, &body).await?;
        assert_eq!(answer.invalid(), invalid, "{body}");
    }
    let missing = hold(
        &service.caller,
        &json!({"id": Uuid::new_v4(), "owner": "a"}),
    )
    .await?;
    assert_eq!(missing.invalid(), "400 /legs");
    assert_eq!(service.caller.free_seats(AI101).await?, 130);
    Ok(())
}

#[tokio::test]
async fn eight_legs_and_a_far_future_are_fine() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let legs: Vec<Value> = (1..=8)
        .map(|id| json!({"flight_id": id, "units": 1}))
        .collect();
    let answer = hold(&service.caller, &with("legs", json!(legs))).await?;
    assert_eq!(answer.status, 201, "{}", answer.text);
    for at in ["9999-12-30T22:00:00Z", "1970-01-01T00:00:00Z"] {
        let answer = hold(&service.caller, &with("expires_at", json!(at))).await?;
        assert_eq!(answer.status, 201, "{at}: {}", answer.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_hold_that_is_not_there_is_not_found() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    assert_eq!(look(caller, id).await?.summary(), "404 unknown_hold");
    for how in ["confirm", "pin"] {
        let answer = turn(caller, id, how).await?;
        assert_eq!(answer.summary(), "404 unknown_hold", "{how}");
    }
    assert_eq!(caller.get("/api/holds/1").await?.summary(), "404 not_found");
    let answer = caller.post_text("/api/holds/1/release", "").await?;
    assert_eq!(answer.summary(), "404 not_found");
    Ok(())
}
