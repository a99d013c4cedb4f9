//! Holds: placed, repeated, confirmed, released, looked up.

use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{AI101, AI103, DAY, FL123, TestService, seats_of};
use test_stack::caller::{Answer, Caller};

/// A hold of seats by count, without an expiry.
pub fn hold_of(id: Uuid, flight: i64, units: i64) -> Value {
    json!({"id": id, "owner": "alice", "legs": [{"flight_id": flight, "units": units}]})
}

pub async fn hold(caller: &Caller, body: &Value) -> anyhow::Result<Answer> {
    caller.post("/api/holds", body).await
}

/// `pin`, `confirm` or `release`.
pub async fn turn(caller: &Caller, id: Uuid, how: &str) -> anyhow::Result<Answer> {
    let path = format!("/api/holds/{id}/{how}");
    caller
        .send(caller.request(reqwest::Method::POST, &path))
        .await
}

pub async fn look(caller: &Caller, id: Uuid) -> anyhow::Result<Answer> {
    caller.get(&format!("/api/holds/{id}")).await
}

#[tokio::test]
async fn a_hold_takes_its_seats_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    let made = hold(caller, &hold_of(id, AI101, 4)).await?;
    assert_eq!(made.status, 201);
    assert!(!made.is_replayed());
    let leg = json!({
        "flight_id": AI101, "units": 4, "seats": [], "price": 8500.0, "currency": "INR",
    });
    let expected = json!({"id": id, "owner": "alice", "status": "held", "legs": [leg]});
    assert_eq!(made.body, expected);
    let again = hold(caller, &hold_of(id, AI101, 4)).await?;
    assert_eq!(again.status, 200);
    assert!(again.is_replayed());
    assert_eq!(again.body, made.body);
    assert_eq!(caller.free_seats(AI101).await?, 126);
    assert_eq!(look(caller, id).await?.body, made.body);

    for body in [
        hold_of(id, AI101, 5),
        hold_of(id, AI103, 4),
        json!({"id": id, "owner": "bob", "legs": [{"flight_id": AI101, "units": 4}]}),
        json!({"id": id, "owner": "alice", "legs": [{"flight_id": AI101, "units": 4}],
            "expires_at": "2100-01-01T00:00:00Z"}),
    ] {
        let answer = hold(caller, &body).await?;
        assert_eq!(answer.summary(), "422 idempotency_key_reused", "{body}");
    }
    assert_eq!(caller.free_seats(AI101).await?, 126);
    Ok(())
}

#[tokio::test]
async fn twenty_requests_for_one_hold_make_one() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let id = Uuid::new_v4();
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let caller = service.caller.clone();
        requests.spawn(async move { hold(&caller, &hold_of(id, AI103, 60)).await });
    }
    let mut made = 0;
    while let Some(answer) = requests.join_next().await {
        let answer = answer??;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        made += i32::from(answer.status == 201);
    }
    assert_eq!(made, 1);
    assert_eq!(service.caller.free_seats(AI103).await?, 40);
    Ok(())
}

#[tokio::test]
async fn a_hold_is_sold_and_given_back() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    hold(caller, &hold_of(id, AI101, 2)).await?;
    for _ in 0..2 {
        let sold = turn(caller, id, "confirm").await?;
        assert_eq!((sold.status, &sold.body["status"]), (200, &json!("sold")));
    }
    assert_eq!(caller.free_seats(AI101).await?, 128);
    for _ in 0..2 {
        let released = turn(caller, id, "release").await?;
        assert_eq!(released.status, 200);
        assert_eq!(released.body["status"], "released");
    }
    assert_eq!(caller.free_seats(AI101).await?, 130);
    for how in ["confirm", "pin"] {
        let answer = turn(caller, id, how).await?;
        assert_eq!(answer.summary(), "409 hold_released", "{how}");
    }
    assert_eq!(look(caller, id).await?.body["status"], "released");
    Ok(())
}

#[tokio::test]
async fn a_release_that_comes_first_wins() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    let released = turn(caller, id, "release").await?;
    assert_eq!(released.status, 200);
    assert_eq!(released.body["status"], "released");
    assert_eq!(released.body["legs"], json!([]));
    let late = hold(caller, &hold_of(id, AI101, 2)).await?;
    assert_eq!(late.summary(), "409 hold_released");
    assert_eq!(caller.free_seats(AI101).await?, 130);
    assert_eq!(turn(caller, id, "release").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn all_legs_or_none() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let of_two = |id: Uuid, last: Value| json!({"id": id, "owner": "alice", "legs": [{"flight_id": AI101, "units": 2}, last]});
    for (last, summary) in [
        (json!({"flight_id": AI103, "units": 101}), "409 sold_out"),
        (json!({"flight_id": 999, "units": 2}), "404 unknown_flight"),
        (
            json!({"flight_id": AI103, "units": 2, "date": "2024-02-16"}),
            "409 wrong_date",
        ),
        (
            json!({"flight_id": FL123, "seats": ["D1"]}),
            "400 no_such_seat",
        ),
        // A flight without a seat map has no named seats.
        (
            json!({"flight_id": AI103, "seats": ["A1"]}),
            "400 no_such_seat",
        ),
    ] {
        let answer = hold(caller, &of_two(Uuid::new_v4(), last.clone())).await?;
        assert_eq!(answer.summary(), summary, "{last}");
        assert_eq!(caller.free_seats(AI101).await?, 130, "{last}");
        assert_eq!(caller.free_seats(AI103).await?, 100, "{last}");
    }
    let id = Uuid::new_v4();
    let dated = json!({"flight_id": AI103, "units": 2, "date": DAY});
    let answer = hold(caller, &of_two(id, dated)).await?;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(
        (
            caller.free_seats(AI101).await?,
            caller.free_seats(AI103).await?
        ),
        (128, 98)
    );
    turn(caller, id, "release").await?;
    assert_eq!(
        (
            caller.free_seats(AI101).await?,
            caller.free_seats(AI103).await?
        ),
        (130, 100)
    );
    Ok(())
}

#[tokio::test]
async fn a_repeated_hold_gets_its_legs_in_the_same_order() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let legs = json!([{"flight_id": FL123, "units": 2}, {"flight_id": AI101, "units": 2}]);
    let body = json!({"id": Uuid::new_v4(), "owner": "alice", "legs": legs});
    let made = hold(&service.caller, &body).await?;
    let again = hold(&service.caller, &body).await?;
    assert_eq!(again.body, made.body);
    Ok(())
}

#[tokio::test]
async fn a_refused_hold_stays_refused() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| settings.redis.enabled = false).await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    let refused = hold(caller, &hold_of(id, AI103, 101)).await?;
    assert_eq!(refused.summary(), "409 sold_out");
    caller.increment(&seats_of(AI103, 80)).await?;
    // The refusal was final: its caller was told that there is nothing to release.
    let again = hold(caller, &hold_of(id, AI103, 101)).await?;
    assert_eq!(again.summary(), "409 sold_out");
    assert_eq!(look(caller, id).await?.body["status"], "refused");
    for how in ["confirm", "pin"] {
        let answer = turn(caller, id, how).await?;
        assert_eq!(answer.summary(), "409 hold_refused", "{how}");
    }
    assert_eq!(turn(caller, id, "release").await?.status, 200);
    Ok(())
}
