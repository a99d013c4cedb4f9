//! Holds that lapse, and pinned ones that do not.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use stack::testing::wait_until;
use uuid::Uuid;

use crate::caller::SOON;
use crate::holds::{hold, look, turn};
use crate::support::{AI101, FL123, TestService};

/// A hold of seat A1 that lapses so many milliseconds from now.
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
    let body = lapsing(id, 1500)?;
    let made = hold(caller, &body).await?;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["status"], "held");
    assert_eq!(made.body["expires_at"], body["expires_at"]);
    assert_eq!(caller.free(AI101).await?, 127);
    wait_until("the hold has expired", SOON, async || {
        let found = look(caller, id).await;
        found.is_ok_and(|answer| answer.body["status"] == "expired")
    })
    .await?;
    assert_eq!(caller.free(AI101).await?, 130);
    assert_eq!(caller.free(FL123).await?, 30);
    for how in ["confirm", "pin"] {
        let answer = turn(caller, id, how).await?;
        assert_eq!(answer.summary(), "410 hold_expired", "{how}");
    }
    // There is nothing to give back, which is no error.
    let released = turn(caller, id, "release").await?;
    assert_eq!(
        (released.status, &released.body["status"]),
        (200, &json!("expired"))
    );
    service.finish().await
}

#[tokio::test]
async fn a_lapsed_hold_is_in_nobodys_way() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    // Its time is over before it came: it has nothing from the first moment.
    hold(caller, &lapsing(id, -1000)?).await?;
    let other = hold(caller, &lapsing(Uuid::new_v4(), 60_000)?).await?;
    assert_eq!(other.status, 201, "{}", other.text);
    assert_eq!(
        turn(caller, id, "confirm").await?.summary(),
        "410 hold_expired"
    );
    assert_eq!(caller.free(AI101).await?, 127);
    service.finish().await
}

#[tokio::test]
async fn a_pinned_hold_does_not_lapse() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let (pinned, lapsing_one) = (Uuid::new_v4(), Uuid::new_v4());
    hold(caller, &lapsing(pinned, 1000)?).await?;
    for _ in 0..2 {
        let answer = turn(caller, pinned, "pin").await?;
        assert_eq!(
            (answer.status, &answer.body["status"]),
            (200, &json!("held"))
        );
        assert_eq!(answer.body["expires_at"], Value::Null);
    }
    // A hold that lapses after the pinned one would have shows that its time has come.
    let later = json!({
        "id": lapsing_one, "owner": "bob",
        "expires_at": Timestamp::now().checked_add(Duration::from_secs(1))?,
        "legs": [{"flight_id": FL123, "seats": ["A2"]}],
    });
    hold(caller, &later).await?;
    wait_until("the other hold has expired", SOON, async || {
        let found = look(caller, lapsing_one).await;
        found.is_ok_and(|answer| answer.body["status"] == "expired")
    })
    .await?;
    assert_eq!(look(caller, pinned).await?.body["status"], "held");
    assert_eq!(turn(caller, pinned, "confirm").await?.status, 200);
    assert_eq!(caller.free(FL123).await?, 29);
    service.finish().await
}

#[tokio::test]
async fn a_sold_hold_does_not_lapse() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    hold(caller, &lapsing(id, 60_000)?).await?;
    let sold = turn(caller, id, "confirm").await?;
    assert_eq!(sold.body["status"], "sold");
    assert_eq!(sold.body["expires_at"], Value::Null);
    assert_eq!(turn(caller, id, "pin").await?.body["status"], "sold");
    service.finish().await
}
