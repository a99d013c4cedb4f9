//! Without Redis seats still sell, and exactly.

use tokio::task::JoinSet;

use crate::support::{AI103, DAY, TestService, seats_of};

#[tokio::test]
async fn seats_sell_without_redis() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        // Nothing listens on this port.
        settings.redis.url = Some("redis://127.0.0.1:1".into());
    })
    .await?;
    let caller = &service.caller;
    let ready = caller.get("/ready").await?;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.body["status"], "degraded");
    assert_eq!(ready.body["degraded"], serde_json::json!(["redis"]));

    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let caller = caller.clone();
        requests.spawn(async move { caller.decrement(&seats_of(AI103, 3)).await });
    }
    let mut taken = 0;
    while let Some(answer) = requests.join_next().await {
        let answer = answer??;
        match answer.status {
            200 => taken += 1,
            _ => assert_eq!(answer.summary(), "409 sold_out"),
        }
    }
    assert_eq!((taken, caller.free_seats(AI103).await?), (33, 1));
    let query = format!("source=DEL&destination=BOM&date={DAY}&seats=2");
    assert_eq!(caller.search(&query).await?.body["count"], 2);
    Ok(())
}

#[tokio::test]
async fn redis_may_be_switched_off() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| settings.redis.enabled = false).await?;
    let ready = service.caller.get("/ready").await?;
    assert_eq!(ready.body["status"], "ready");
    assert_eq!(
        service
            .caller
            .decrement(&seats_of(AI103, 100))
            .await?
            .status,
        200
    );
    let refused = service.caller.decrement(&seats_of(AI103, 1)).await?;
    assert_eq!(refused.summary(), "409 sold_out");
    Ok(())
}
