//! Idempotency keys.

use futures_util::future::join_all;

use crate::support::{TestService, purchase, ticket_option};

#[tokio::test]
async fn a_key_makes_one_ticket_option_and_one_purchase() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let option = caller
        .post_keyed("/ticket_options", "k", &ticket_option(5))
        .await?;
    let again = caller
        .post_keyed("/ticket_options", "\"k\"", &ticket_option(5))
        .await?;
    assert_eq!((again.status, &again.body), (201, &option.body));
    assert!(again.is_replayed() && !option.is_replayed());
    let other = caller
        .post_keyed("/ticket_options", "k", &ticket_option(6))
        .await?;
    assert_eq!(other.refusal(), "422 idempotency_key_reused -");

    let id = option.body["data"]["id"].as_str().unwrap_or_default();
    let bought = caller
        .post_keyed("/purchases", "k", &purchase(id, 5))
        .await?;
    assert_eq!(bought.status, 201);
    // Sold out, and the repeated request still gets its answer.
    let again = caller
        .post_keyed("/purchases", "k", &purchase(id, 5))
        .await?;
    assert_eq!((again.status, &again.body), (201, &bought.body));
    assert!(again.is_replayed());
    let other = caller
        .post_keyed("/purchases", "k", &purchase(id, 4))
        .await?;
    assert_eq!(other.refusal(), "422 idempotency_key_reused -");
    let bad = "k".repeat(256);
    let bad = caller
        .post_keyed("/purchases", &bad, &purchase(id, 1))
        .await?;
    assert_eq!(bad.refusal(), "400 invalid_idempotency_key -");
    Ok(())
}

#[tokio::test]
async fn a_refused_purchase_leaves_its_key_free() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make("/ticket_options", &ticket_option(2)).await?;
    let refused = caller
        .post_keyed("/purchases", "k", &purchase(&id, 3))
        .await?;
    assert_eq!(refused.status, 400);
    let bought = caller
        .post_keyed("/purchases", "k", &purchase(&id, 2))
        .await?;
    assert_eq!(bought.status, 201);
    Ok(())
}

#[tokio::test]
async fn a_key_that_comes_many_times_at_once_buys_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let other = service.replica().await?;
    let id = service
        .caller
        .make("/ticket_options", &ticket_option(1000))
        .await?;
    let calls = (0..40).map(async |number| {
        let caller = [&service.caller, &other.caller][number % 2];
        let key = format!("key {}", number % 4);
        caller
            .post_keyed("/purchases", &key, &purchase(&id, 3))
            .await
    });
    let mut ids = Vec::new();
    for answer in join_all(calls).await {
        let answer = answer?;
        assert_eq!(answer.status, 201, "{}", answer.text);
        ids.push(answer.body["data"]["id"].to_string());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    let proof = service.caller.get("/api/ledger/proof").await?;
    assert_eq!(proof.body["sold"], 12);
    Ok(())
}
