//! The mock's behaviour, changed while it runs.

use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Scripted, TestService, charge_of};

async fn put(service: &TestService, body: &Value) -> anyhow::Result<Answer> {
    let request = service.caller.request(Method::PUT, "/api/payments/mock");
    service.caller.send(request.json(body)).await
}

#[tokio::test]
async fn any_part_of_it_can_be_changed() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let changed = put(
        &service,
        &json!({"failure_rate": 0.25, "processing_time_ms": 5}),
    )
    .await?;
    assert_eq!(changed.status, 200);
    assert_json_snapshot!(changed.body, @r#"
    {
      "failure_rate": 0.25,
      "lost_answer_rate": 0.0,
      "processing_spread_ms": 0,
      "processing_time_ms": 5,
      "timeout_rate": 0.0
    }
    "#);
    assert_eq!(put(&service, &json!({})).await?.body, changed.body);
    let seen = service.caller.get("/api/payments/mock").await?;
    assert_eq!((seen.status, seen.body), (200, changed.body));
    Ok(())
}

#[tokio::test]
async fn a_change_holds_from_the_next_charge() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (change, status) in [
        (json!({"failure_rate": 1}), 400),
        (json!({"failure_rate": 0, "timeout_rate": 1}), 408),
        (json!({"timeout_rate": 0}), 200),
    ] {
        put(&service, &change).await?;
        let answer = service
            .caller
            .post("/api/payments/process", &charge_of(1.0))
            .await?;
        assert_eq!(answer.status, status, "{change}");
    }
    Ok(())
}

#[tokio::test]
async fn answers_can_be_lost_for_a_while() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    put(&service, &json!({"lost_answer_rate": 1})).await?;
    let request = caller
        .request(Method::POST, "/api/payments/process")
        .header("idempotency-key", "k1")
        // No answer comes; a short timeout keeps the test short.
        .header("x-request-timeout-ms", "200");
    let lost = caller.send(request.json(&charge_of(1.0))).await?;
    assert_eq!(lost.summary(), "503 unavailable");
    put(&service, &json!({"lost_answer_rate": 0})).await?;
    assert_eq!(caller.process("k2", &charge_of(1.0)).await?.status, 200);
    let closed = caller.close("k1").await?;
    assert_eq!(
        closed.body["charge"]["status"], "success",
        "{}",
        closed.text
    );
    Ok(())
}

#[tokio::test]
async fn what_makes_no_sense_changes_nothing() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let before = service.caller.get("/api/payments/mock").await?.body;
    for (change, pointer) in [
        (json!({"failure_rate": 1.5}), "/failure_rate"),
        (json!({"timeout_rate": -0.1}), "/timeout_rate"),
        (
            json!({"failure_rate": 0.6, "timeout_rate": 0.6}),
            "/failure_rate",
        ),
        (json!({"lost_answer_rate": "often"}), "/lost_answer_rate"),
        (json!({"processing_time_ms": 60_001}), "/processing_time_ms"),
        (json!({"processing_spread_ms": -1}), "/processing_spread_ms"),
        (json!({"failure": 1}), "/failure"),
    ] {
        let answer = put(&service, &change).await?;
        assert_eq!(answer.summary(), "400 invalid_request", "{change}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer);
    }
    let after = service.caller.get("/api/payments/mock").await?.body;
    assert_eq!(after, before);
    Ok(())
}

#[tokio::test]
async fn another_provider_has_no_mock_to_change() -> anyhow::Result<()> {
    let service = TestService::with_provider(&Scripted::new([]), |_| {}).await?;
    let seen = service.caller.get("/api/payments/mock").await?;
    assert_eq!(seen.summary(), "404 not_found");
    Ok(())
}
