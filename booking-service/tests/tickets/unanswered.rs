//! Sales whose commit outcome is unknown and that have no key to ask for them again.

use std::time::Duration;

use serde_json::json;
use test_stack::wait_until;

use crate::support::{TestService, event, purchase, ticket_option, user};
use test_stack::caller::SOON;

#[tokio::test]
async fn what_got_no_answer_and_has_no_key_does_not_come_about_unnoticed() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.inventory.commit_timeout = Duration::from_millis(300);
    })
    .await?;
    let caller = &service.caller;
    let show = caller.make("/api/v1/events", &event(10)).await?;
    let ann = caller.make("/api/v1/users", &user("ann")).await?;
    let option = caller.make("/ticket_options", &ticket_option(10)).await?;
    let mut sql = service.sql().await?;
    // Locks all pools, so that no commit completes within a request's time limit.
    let busy = sql.transaction().await?;
    busy.execute("SELECT FROM pools FOR UPDATE", &[]).await?;
    let tickets = json!({"user_id": ann, "event_id": show, "quantity": 2});
    let booked = caller.post("/api/v1/bookings", &tickets).await?;
    assert_eq!(booked.status, 503, "{}", booked.text);
    let bought = caller.post("/purchases", &purchase(&option, 3)).await?;
    assert_eq!(bought.status, 503, "{}", bought.text);
    busy.commit().await?;

    let given_up = "SELECT count(*) FROM holds WHERE status = 'released'";
    wait_until("both are given up", SOON, async || {
        let given_up = sql.query_one(given_up, &[]).await;
        given_up.is_ok_and(|row| row.get::<_, i64>(0) == 2)
    })
    .await?;
    let live = "SELECT (SELECT count(*) FROM purchases)
        + (SELECT count(*) FROM bookings WHERE state NOT IN ('cancelled', 'failed'))";
    let live: i64 = sql.query_one(live, &[]).await?.get(0);
    assert_eq!(live, 0);
    let proof = caller.get("/api/ledger/proof").await?;
    assert_eq!(proof.body["free"], 20);
    Ok(())
}
