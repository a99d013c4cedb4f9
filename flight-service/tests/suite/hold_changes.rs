//! Seat changes of holds, and confirming many holds at once.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::holds::{hold, hold_of, turn};
use crate::support::{AI101, FL123, TestService};
use test_stack::caller::{Answer, Caller};

fn in_a_minute() -> Timestamp {
    Timestamp::now() + SignedDuration::from_mins(1)
}

async fn hold_seats(caller: &Caller, seats: &[&str]) -> anyhow::Result<Uuid> {
    let id = Uuid::new_v4();
    let legs = json!([{"flight_id": FL123, "seats": seats}]);
    let body = json!({"id": id, "owner": "alice", "legs": legs, "expires_at": in_a_minute()});
    anyhow::ensure!(hold(caller, &body).await?.status == 201);
    Ok(id)
}

async fn swap(caller: &Caller, id: Uuid, seats: &[&str], number: i64) -> anyhow::Result<Answer> {
    let legs = json!([{"flight_id": FL123, "seats": seats}]);
    let body = json!({"legs": legs, "expires_at": in_a_minute(), "number": number});
    caller.post(&format!("/api/holds/{id}/seats"), &body).await
}

#[tokio::test]
async fn seats_are_swapped_whole_or_not_at_all() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = hold_seats(caller, &["A1", "A2"]).await?;
    hold_seats(caller, &["B1"]).await?;
    let taken = swap(caller, id, &["A3", "B1"], 1).await?;
    assert_eq!(taken.summary(), "409 seat_taken");
    let kept = caller.get(&format!("/api/holds/{id}")).await?;
    assert_eq!(kept.body["legs"][0]["seats"], json!(["A1", "A2"]));
    // Its own seats don't block it, and it may take more.
    let swapped = swap(caller, id, &["A2", "A3", "A4"], 2).await?;
    assert_eq!(
        swapped.body["legs"][0]["seats"],
        json!(["A2", "A3", "A4"]),
        "{}",
        swapped.text
    );
    assert_eq!(caller.free_seats(FL123).await?, 26);
    assert_eq!(
        swap(caller, id, &["C1"], 1).await?.summary(),
        "409 superseded"
    );
    assert_eq!(
        swap(caller, id, &["Z9"], 3).await?.summary(),
        "400 no_such_seat"
    );
    turn(caller, id, "pin").await?;
    assert_eq!(
        swap(caller, id, &["C1"], 4).await?.summary(),
        "409 hold_pinned"
    );
    turn(caller, id, "confirm").await?;
    assert_eq!(
        swap(caller, id, &["C1"], 5).await?.summary(),
        "409 hold_sold"
    );
    assert_eq!(
        swap(caller, Uuid::new_v4(), &["C1"], 1).await?.summary(),
        "404 unknown_hold"
    );
    assert_eq!(
        swap(caller, id, &[], 3).await?.invalid(),
        "400 /legs/0/seats"
    );
    assert_eq!(swap(caller, id, &["C1"], 0).await?.invalid(), "400 /number");
    Ok(())
}

#[tokio::test]
async fn a_swap_names_the_flights_of_the_hold_each_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mapped = json!({
        "flight_number": "FL900", "source": "MAA", "destination": "BOM", "total_seats": 10,
        "departure_time": "2024-02-15T18:00:00Z", "arrival_time": "2024-02-15T20:00:00Z",
        "price": 100, "currency": "INR", "seat_map": "rows A-B, seats 1-5",
    });
    let second = caller.post("/api/flights", &mapped).await?.body["id"].clone();
    let id = Uuid::new_v4();
    let legs =
        json!([{"flight_id": FL123, "seats": ["A1"]}, {"flight_id": second, "seats": ["A1"]}]);
    let body = json!({"id": id, "owner": "alice", "legs": legs, "expires_at": in_a_minute()});
    assert_eq!(hold(caller, &body).await?.status, 201);
    let path = format!("/api/holds/{id}/seats");
    let swap = async |legs: Value, number: i64| {
        let body = json!({"legs": legs, "expires_at": in_a_minute(), "number": number});
        caller.post(&path, &body).await
    };
    let leg = |flight: &Value, seats: &[&str]| json!({"flight_id": flight, "seats": seats});
    let first = json!(FL123);
    for legs in [
        json!([leg(&first, &["A2"]), leg(&first, &["A3"])]),
        json!([leg(&first, &["A2"])]),
        json!([leg(&first, &["A2"]), leg(&json!(AI101), &["A3"])]),
        json!([
            leg(&first, &["A2"]),
            leg(&second, &["A3"]),
            leg(&json!(AI101), &["A4"])
        ]),
        json!([]),
    ] {
        let refused = swap(legs.clone(), 1).await?;
        assert_eq!(refused.invalid(), "400 /legs", "{legs}: {}", refused.text);
    }
    let twice = swap(
        json!([leg(&first, &["A2", "A2"]), leg(&second, &["A3"])]),
        1,
    )
    .await?;
    assert_eq!(twice.invalid(), "400 /legs/0/seats");
    let ancient = json!({"legs": legs, "expires_at": "-004800-01-01T00:00:00Z", "number": 1});
    let ancient = caller.post(&path, &ancient).await?;
    assert_eq!(ancient.invalid(), "400 /expires_at");
    // The refused requests used no number up, and the order of legs does not matter.
    let legs = json!([leg(&second, &["B1"]), leg(&first, &["B2", "B3"])]);
    let swapped = swap(legs.clone(), 1).await?;
    assert_eq!(swapped.status, 200, "{}", swapped.text);
    let again = swap(legs, 1).await?;
    assert!(again.status == 200 && again.is_replayed(), "{}", again.text);
    let others = json!([leg(&first, &["B4"]), leg(&second, &["B5"])]);
    let others = swap(others, 1).await?;
    assert_eq!(others.summary(), "422 idempotency_key_reused");
    turn(caller, id, "release").await?;
    assert_eq!(caller.free_seats(FL123).await?, 30);
    Ok(())
}

#[tokio::test]
async fn a_refused_swap_is_refused_again() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = hold_seats(caller, &["A1"]).await?;
    let other = hold_seats(caller, &["B1"]).await?;
    assert_eq!(
        swap(caller, id, &["B1"], 1).await?.summary(),
        "409 seat_taken"
    );
    turn(caller, other, "release").await?;
    assert_eq!(
        swap(caller, id, &["B1"], 1).await?.summary(),
        "409 seat_taken"
    );
    assert_eq!(swap(caller, id, &["B1"], 2).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_hold_that_is_confirmed_twice_in_one_call_is_sold_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    hold(caller, &hold_of(id, AI101, 1)).await?;
    let answer = caller
        .post("/api/holds/confirm", &json!({"ids": [id, id, id]}))
        .await?;
    let confirmed = json!({"id": id, "confirmed": true});
    assert_eq!(answer.body["results"], json!(vec![confirmed; 3]));
    Ok(())
}

#[tokio::test]
async fn many_holds_are_confirmed_at_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = Uuid::new_v4();
        hold(caller, &hold_of(id, AI101, 1)).await?;
        ids.push(id);
    }
    turn(caller, ids[1], "release").await?;
    ids.push(Uuid::new_v4());
    let answer = caller
        .post("/api/holds/confirm", &json!({"ids": ids}))
        .await?;
    let results = answer.body["results"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let summary: Vec<Value> = results
        .iter()
        .map(|result| json!([result["confirmed"], result["code"]]))
        .collect();
    let expected = json!([
        [true, null],
        [false, "hold_released"],
        [true, null],
        [false, "unknown_hold"],
    ]);
    assert_eq!(Value::Array(summary), expected);
    for wrong in [json!({"ids": []}), json!({"ids": vec![ids[0]; 257]})] {
        let answer = caller.post("/api/holds/confirm", &wrong).await?;
        assert_eq!(answer.invalid(), "400 /ids");
    }
    Ok(())
}
