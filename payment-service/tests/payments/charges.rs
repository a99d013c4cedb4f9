//! The answers to charges: captured, declined, timed out, simulated, looked up.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{TestService, charge_of, id_of, tidy};

#[tokio::test]
async fn a_charge_succeeds() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let answer = service
        .caller
        .post("/api/payments/process", &charge_of(17000.0))
        .await?;
    assert_eq!(answer.status, 200);
    assert_json_snapshot!(tidy(&answer), @r#"
    {
      "amount": 17000.0,
      "booking_id": 1,
      "currency": "INR",
      "message": "Payment processed successfully",
      "payment_id": "[id]",
      "processed_at": "[time]",
      "refunded": 0.0,
      "status": "success"
    }
    "#);
    assert!(answer.text.ends_with("}\n"), "a clean prompt after curl");
    assert_eq!(answer.headers["content-type"], "application/json");

    let found = service
        .caller
        .get(&format!("/api/payments/{}", id_of(&answer)?))
        .await?;
    assert_eq!((found.status, found.body), (200, answer.body));
    Ok(())
}

/// `attempt` counts calls to the provider, each made between two commits.
#[tokio::test]
async fn a_charge_without_effects_elsewhere_is_recorded_in_one_commit() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let path = "/api/payments/process";
    let local = service
        .caller
        .post_keyed(path, "k1", &charge_of(10.0))
        .await?;
    assert_eq!(local.status, 200);
    assert_eq!(
        service.count("status = 'success' AND attempt = 0").await?,
        1
    );
    let again = service
        .caller
        .post_keyed(path, "k1", &charge_of(10.0))
        .await?;
    assert_eq!((again.is_replayed(), &again.body), (true, &local.body));

    let slow = json!({"processing_time_ms": 1});
    assert_eq!(
        service
            .caller
            .put("/api/payments/mock", &slow)
            .await?
            .status,
        200
    );
    let called = service
        .caller
        .post_keyed(path, "k2", &charge_of(10.0))
        .await?;
    assert_eq!(called.status, 200);
    assert_eq!(
        service.count("status = 'success' AND attempt = 1").await?,
        1
    );
    Ok(())
}

#[tokio::test]
async fn a_charge_is_declined() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| settings.mock.failure_rate = 1.0).await?;
    let answer = service.caller.process("k1", &charge_of(85.96)).await?;
    assert_eq!(answer.status, 400);
    assert_json_snapshot!(tidy(&answer), @r#"
    {
      "amount": 85.96,
      "booking_id": 1,
      "code": "card_declined",
      "currency": "INR",
      "message": "Card declined",
      "payment_id": "[id]",
      "processed_at": "[time]",
      "refunded": 0.0,
      "status": "failed"
    }
    "#);
    assert_eq!(service.count("status = 'failed'").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_charge_times_out_for_good() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| settings.mock.timeout_rate = 1.0).await?;
    let answer = service.caller.process("k1", &charge_of(1.0)).await?;
    assert_eq!(answer.status, 408);
    assert_json_snapshot!(tidy(&answer), @r#"
    {
      "amount": 1.0,
      "booking_id": 1,
      "code": "provider_timeout",
      "currency": "INR",
      "message": "Payment timed out, nothing was charged",
      "payment_id": "[id]",
      "processed_at": "[time]",
      "refunded": 0.0,
      "status": "timeout"
    }
    "#);
    let again = service.caller.process("k1", &charge_of(1.0)).await?;
    assert_eq!(again.summary(), "408 provider_timeout");
    assert!(again.is_replayed());
    Ok(())
}

#[tokio::test]
async fn an_unknown_payment_type_fails_and_is_recorded() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for payment_type in ["cash", "", "CREDIT_CARD"] {
        let mut body = charge_of(10.0);
        body["payment_type"] = json!(payment_type);
        let answer = service.caller.post("/api/payments/process", &body).await?;
        assert_eq!(answer.summary(), "400 unsupported_payment_type");
        assert_eq!(answer.body["status"], "failed");
        let path = format!("/api/payments/{}", id_of(&answer)?);
        assert_eq!(service.caller.get(&path).await?.body, answer.body);
    }
    for payment_type in ["credit_card", "debit_card", "upi", "net_banking"] {
        let mut body = charge_of(10.0);
        body["payment_type"] = json!(payment_type);
        let answer = service.caller.post("/api/payments/process", &body).await?;
        assert_eq!(answer.status, 200, "{payment_type}");
    }
    Ok(())
}

#[tokio::test]
async fn one_payment_code_always_fails_and_no_code_is_kept() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (code, summary) in [("00000", "400 invalid_payment_code"), ("12345", "200 -")] {
        let mut body = charge_of(10.0);
        body["payment_code"] = json!(code);
        let answer = service.caller.post("/api/payments/process", &body).await?;
        assert_eq!(answer.summary(), summary);
    }
    assert_eq!(service.count("payment_code IS NOT NULL").await?, 0);
    Ok(())
}

#[tokio::test]
async fn simulated_charges_always_end_as_asked() -> anyhow::Result<()> {
    // Even where the provider would always decline.
    let service = TestService::start_with(|settings| settings.mock.failure_rate = 1.0).await?;
    let mut body = charge_of(10.0);
    body["payment_code"] = json!("00000");
    for (outcome, summary, status) in [
        ("success", "200 -", "success"),
        ("failure", "200 card_declined", "failed"),
        ("timeout", "408 provider_timeout", "timeout"),
    ] {
        let path = format!("/api/payments/simulate/{outcome}");
        let answer = service.caller.post(&path, &body).await?;
        assert_eq!(answer.summary(), summary);
        assert_eq!(answer.body["status"], status);
        let path = format!("/api/payments/{}", id_of(&answer)?);
        assert_eq!(service.caller.get(&path).await?.body, answer.body);
    }
    Ok(())
}

#[tokio::test]
async fn references_and_currencies_are_answered_as_they_came() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let long = "ü".repeat(255);
    for booking in [
        json!(-9_223_372_036_854_775_808_i64),
        json!("0012"),
        json!("3f2a8c1e-0000-4000-8000-000000000000"),
        json!(long),
    ] {
        let body = json!({
            "booking_id": booking, "amount": 0.01, "currency": "USD", "user_id": "alice",
            "payment_type": "upi", "reference": "order 7, seats A1 and A2",
        });
        let answer = service.caller.post("/api/payments/process", &body).await?;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let path = format!("/api/payments/{}", id_of(&answer)?);
        let found = service.caller.get(&path).await?.body;
        assert_eq!(found["booking_id"], booking);
        assert_eq!(found["currency"], "USD");
        assert_eq!(found["amount"], 0.01);
    }
    Ok(())
}

#[tokio::test]
async fn a_charge_is_found_by_its_key() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let charged = service.caller.process("order 7", &charge_of(5.0)).await?;
    let found = service.caller.get("/api/payments?key=order%207").await?;
    assert_eq!((found.status, found.body), (200, charged.body));
    for (query, summary) in [
        ("?key=order", "404 not_found"),
        ("", "400 invalid_request"),
        ("?key=", "400 invalid_request"),
        ("?key=%00", "400 invalid_request"),
    ] {
        let answer = service.caller.get(&format!("/api/payments{query}")).await?;
        assert_eq!(answer.summary(), summary, "{query}");
    }
    for id in ["7", "01234567-89ab-7def-8123-456789abcdef"] {
        let answer = service.caller.get(&format!("/api/payments/{id}")).await?;
        assert_eq!(answer.summary(), "404 not_found");
    }
    Ok(())
}
