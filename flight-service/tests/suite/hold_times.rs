//! Holds that expire, and pinned holds, which don't.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use test_stack::wait_until;
use uuid::Uuid;

use crate::holds::{hold, look, turn};
use crate::support::{AI101, FL123, TestService};
use local_servers::database::connect;
use test_stack::caller::SOON;

/// A hold of seat A1 that expires after some milliseconds.
fn lapsing(id: Uuid, in_ms: i64) -> anyhow::Result<Value> {
    let expires_at = Timestamp::now().checked_add(SignedDuration::from_millis(in_ms))?;
    Ok(json!({
        "id": id, "owner": "alice", "expires_at": expires_at,
        "legs": [{"flight_id": FL123, "seats": ["A1"]}, {"flight_id": AI101, "units": 3}],
    }))
}

#[tokio::test]
async fn a_hold_lapses_by_itself() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    let body = lapsing(id, 500)?;
    let made = hold(caller, &body).await?;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["status"], "held");
    assert_eq!(made.body["expires_at"], body["expires_at"]);
    wait_until("the hold has expired", SOON, async || {
        let found = look(caller, id).await;
        found.is_ok_and(|answer| answer.body["status"] == "expired")
    })
    .await?;
    assert_eq!(caller.free_seats(AI101).await?, 130);
    assert_eq!(caller.free_seats(FL123).await?, 30);
    for how in ["confirm", "pin"] {
        let answer = turn(caller, id, how).await?;
        assert_eq!(answer.summary(), "410 hold_expired", "{how}");
    }
    // Nothing is left to release, which is no error.
    let released = turn(caller, id, "release").await?;
    assert_eq!(
        (released.status, &released.body["status"]),
        (200, &json!("expired"))
    );
    Ok(())
}

#[tokio::test]
async fn a_lapsed_hold_is_in_nobodys_way() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    // Expired before it arrived: it takes no seat at all.
    hold(caller, &lapsing(id, -1000)?).await?;
    let other = hold(caller, &lapsing(Uuid::new_v4(), 60_000)?).await?;
    assert_eq!(other.status, 201, "{}", other.text);
    assert_eq!(
        turn(caller, id, "confirm").await?.summary(),
        "410 hold_expired"
    );
    assert_eq!(caller.free_seats(AI101).await?, 127);
    Ok(())
}

/// Lets time pass, by moving all expiries back by this interval.
async fn pass(service: &TestService, time: &str) -> anyhow::Result<()> {
    let sql = connect(service.database.url()).await?;
    sql.batch_execute(&format!(
        "UPDATE holds SET expires_at = expires_at - interval '{time}';
         UPDATE hold_expiries SET expires_at = expires_at - interval '{time}';
         UPDATE pools SET version = version + 1"
    ))
    .await?;
    Ok(())
}

#[tokio::test]
async fn pinned_and_sold_holds_do_not_lapse() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let ids = ["pin", "confirm", "look at"].map(|how| (Uuid::new_v4(), how));
    for ((id, how), seat) in ids.iter().zip(["A1", "A2", "A3"]) {
        let body = json!({
            "id": id, "owner": how,
            "expires_at": Timestamp::now().checked_add(SignedDuration::from_mins(1))?,
            "legs": [{"flight_id": FL123, "seats": [seat]}],
        });
        assert_eq!(hold(caller, &body).await?.status, 201);
    }
    let [(pinned, _), (sold, _), (lapsing, _)] = ids;
    for _ in 0..2 {
        let answer = turn(caller, pinned, "pin").await?;
        assert_eq!(
            (answer.status, &answer.body["status"]),
            (200, &json!("held"))
        );
        assert_eq!(answer.body["expires_at"], Value::Null);
        let answer = turn(caller, sold, "confirm").await?;
        assert_eq!(
            (answer.status, &answer.body["status"]),
            (200, &json!("sold"))
        );
        assert_eq!(answer.body["expires_at"], Value::Null);
    }
    assert_eq!(turn(caller, sold, "pin").await?.body["status"], "sold");

    pass(&service, "2 minutes").await?;
    wait_until("the other hold has expired", SOON, async || {
        let found = look(caller, lapsing).await;
        found.is_ok_and(|answer| answer.body["status"] == "expired")
    })
    .await?;
    assert_eq!(look(caller, sold).await?.body["status"], "sold");
    assert_eq!(look(caller, pinned).await?.body["status"], "held");
    assert_eq!(turn(caller, pinned, "confirm").await?.status, 200);
    assert_eq!(caller.free_seats(FL123).await?, 28);
    Ok(())
}
