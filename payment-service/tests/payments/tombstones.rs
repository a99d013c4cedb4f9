//! Closing a key: afterwards it is settled whether the key made a charge.

use std::time::Duration;

use payment_service::provider::NoAnswer;
use serde_json::json;

use crate::support::{Scripted, TestService, charge_of};

#[tokio::test]
async fn a_key_without_a_charge_is_shut() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for _ in 0..2 {
        let closed = caller.close("k1").await?;
        assert_eq!(closed.status, 200);
        assert_eq!(
            closed.body,
            json!({"key": "k1", "closed": true, "charge": null})
        );
    }
    for path in ["/api/payments/process", "/api/payments/simulate/success"] {
        let late = caller.post_keyed(path, "k1", &charge_of(10.0)).await?;
        assert_eq!(late.summary(), "409 key_closed");
    }
    let found = caller.get("/api/payments?key=k1").await?;
    assert_eq!(found.summary(), "404 not_found");
    // A tombstone is not a charge, even to a caller that knows its id.
    let sql = "SELECT payment_id::text FROM charges";
    let id: String = service.sql.query_one(sql, &[]).await?.try_get(0)?;
    let path = format!("/api/payments/{id}");
    assert_eq!(caller.get(&path).await?.summary(), "404 not_found");
    let refund = caller
        .post(&format!("{path}/refunds"), &json!({"amount": 1}))
        .await?;
    assert_eq!(refund.summary(), "404 not_found");
    Ok(())
}

#[tokio::test]
async fn a_key_with_a_charge_brings_it() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let charged = service.caller.process("k1", &charge_of(10.0)).await?;
    let closed = service.caller.close("k1").await?;
    assert_eq!(closed.status, 200);
    assert_eq!(
        closed.body,
        json!({"key": "k1", "closed": true, "charge": charged.body})
    );
    // The charge's own request still gets its answer.
    let again = service.caller.process("k1", &charge_of(10.0)).await?;
    assert!(again.is_replayed());
    Ok(())
}

#[tokio::test]
async fn a_malformed_key_is_refused() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for body in [
        json!({}),
        json!({"key": ""}),
        json!({"key": "ü"}),
        json!({"key": "k".repeat(256)}),
        json!({"key": "a\u{0}"}),
    ] {
        let answer = service.caller.post("/api/payments/close", &body).await?;
        assert_eq!(answer.summary(), "400 invalid_request", "{body}");
        assert_eq!(answer.body["errors"][0]["pointer"], "/key");
    }
    Ok(())
}

#[tokio::test]
async fn a_running_charge_is_waited_for() -> anyhow::Result<()> {
    let provider = Scripted::gated([]);
    let service = TestService::with_provider(&provider, |_| {}).await?;
    let caller = service.caller.clone();
    let charge = tokio::spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    provider.was_asked(1).await?;
    let caller = service.caller.clone();
    let close = tokio::spawn(async move { caller.close("k1").await });
    provider.let_through(1);
    assert_eq!(close.await??.body["charge"], charge.await??.body);
    Ok(())
}

#[tokio::test]
async fn the_wait_for_a_running_charge_has_an_end() -> anyhow::Result<()> {
    let provider = Scripted::gated([]);
    let service = TestService::with_provider(&provider, |settings| {
        settings.charges.close_wait = Duration::ZERO;
    })
    .await?;
    let caller = service.caller.clone();
    let charge = tokio::spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    provider.was_asked(1).await?;
    let closed = service.caller.close("k1").await?;
    assert_eq!(closed.summary(), "409 idempotency_in_progress");
    provider.let_through(1);
    assert_eq!(charge.await??.status, 200);
    Ok(())
}

#[tokio::test]
async fn an_abandoned_charge_is_brought_to_its_end() -> anyhow::Result<()> {
    let provider = Scripted::new([Err(NoAnswer)]);
    let service = TestService::with_provider(&provider, |_| {}).await?;
    let unknown = service.caller.process("k1", &charge_of(10.0)).await?;
    assert_eq!(unknown.status, 503);
    let closed = service.caller.close("k1").await?;
    assert_eq!(closed.status, 200);
    assert_eq!(closed.body["charge"]["status"], "success");
    assert_eq!(provider.calls(), 2);
    Ok(())
}

#[tokio::test]
async fn a_close_and_a_charge_that_race_agree() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let (mut charged, mut shut) = (0, 0);
    for round in 0..100 {
        let key = format!("k{round}");
        let body = charge_of(10.0);
        // The order alternates, so that either may win.
        let (charge, close) = if round % 2 == 0 {
            tokio::join!(
                service.caller.process(&key, &body),
                service.caller.close(&key)
            )
        } else {
            let (close, charge) = tokio::join!(
                service.caller.close(&key),
                service.caller.process(&key, &body)
            );
            (charge, close)
        };
        let (charge, close) = (charge?, close?);
        assert_eq!(close.status, 200, "{}", close.text);
        if close.body["charge"].is_null() {
            assert_eq!(charge.summary(), "409 key_closed");
            shut += 1;
        } else {
            assert_eq!(charge.status, 200);
            assert_eq!(close.body["charge"], charge.body);
            charged += 1;
        }
    }
    assert_eq!(service.count("status = 'success'").await?, charged);
    assert_eq!(service.count("status = 'closed'").await?, shut);
    Ok(())
}
