//! A key makes one charge, however often and by whom it is repeated.

use reqwest::Method;
use serde_json::json;

use crate::support::{Scripted, TestService, charge_of, id_of};

#[tokio::test]
async fn a_repeated_charge_gets_the_first_answer() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let body = charge_of(10.0);
    for path in [
        "/api/payments/process",
        "/api/payments/simulate/success",
        "/api/payments/simulate/failure",
        "/api/payments/simulate/timeout",
    ] {
        let first = service.caller.post_keyed(path, path, &body).await?;
        assert!(!first.is_replayed());
        let quoted = format!("\"{path}\"");
        let again = service.caller.post_keyed(path, &quoted, &body).await?;
        assert!(again.is_replayed());
        assert_eq!((again.status, again.text), (first.status, first.text));
    }
    assert_eq!(service.count("true").await?, 4);
    Ok(())
}

#[tokio::test]
async fn a_replay_shows_the_charge_as_it_was_first_answered() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let first = caller.process("k1", &charge_of(10.0)).await?;
    let refunds = format!("/api/payments/{}/refunds", id_of(&first)?);
    let refund = caller.post(&refunds, &json!({"amount": 10})).await?;
    assert_eq!(refund.status, 201);

    let again = caller.process("k1", &charge_of(10.0)).await?;
    assert!(again.is_replayed());
    assert_eq!(again.text, first.text);
    let now = caller.get("/api/payments?key=k1").await?;
    assert_eq!(now.body["refunded"], 10.0);
    Ok(())
}

#[tokio::test]
async fn without_a_key_every_request_is_a_charge() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for _ in 0..2 {
        let answer = service
            .caller
            .post("/api/payments/process", &charge_of(10.0))
            .await?;
        assert_eq!(answer.status, 200);
    }
    assert_eq!(service.count("status = 'success'").await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_key_is_bound_to_its_body_and_call() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    caller.process("k1", &charge_of(10.0)).await?;
    let other_body = caller.process("k1", &charge_of(11.0)).await?;
    let other_call = caller
        .post_keyed("/api/payments/simulate/success", "k1", &charge_of(10.0))
        .await?;
    for answer in [other_body, other_call] {
        assert_eq!(answer.summary(), "422 idempotency_key_reused");
    }
    assert_eq!(service.count("true").await?, 1);
    Ok(())
}

#[tokio::test]
async fn fifty_at_once_make_one_charge() -> anyhow::Result<()> {
    let provider = Scripted::gated([]);
    let service = TestService::with_provider(&provider, |_| {}).await?;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let caller = service.caller.clone();
        requests.spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    }
    // The provider is held back, so the other 49 must be answered while the charge runs.
    for _ in 0..49 {
        let answer = requests.join_next().await.transpose()?.transpose()?;
        let summary = answer.map(|answer| answer.summary());
        assert_eq!(summary.as_deref(), Some("409 idempotency_in_progress"));
    }
    provider.let_through(1);
    let first = requests.join_next().await.transpose()?.transpose()?;
    let first = first.ok_or_else(|| anyhow::anyhow!("one request is missing"))?;
    assert_eq!(first.status, 200);

    for _ in 0..50 {
        let caller = service.caller.clone();
        requests.spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    }
    while let Some(answer) = requests.join_next().await.transpose()?.transpose()? {
        assert!(answer.is_replayed());
        assert_eq!((answer.status, &answer.text), (200, &first.text));
    }
    assert_eq!(provider.calls(), 1);
    assert_eq!(service.count("true").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_client_that_goes_away_loses_nothing() -> anyhow::Result<()> {
    let provider = Scripted::gated([]);
    let service = TestService::with_provider(&provider, |_| {}).await?;
    let caller = service.caller.clone();
    let request = tokio::spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    provider.was_asked(1).await?;
    let running = service.caller.get("/api/payments?key=k1").await?;
    assert_eq!(running.status, 200);
    assert_eq!(running.body["status"], "processing");

    request.abort();
    provider.let_through(1);
    test_stack::wait_until("the charge is recorded", crate::support::SOON, async || {
        let found = service.caller.get("/api/payments?key=k1").await;
        found.is_ok_and(|found| found.body["status"] == "success")
    })
    .await?;
    let again = service.caller.process("k1", &charge_of(10.0)).await?;
    assert!(again.is_replayed());
    assert_eq!(provider.calls(), 1);
    Ok(())
}

#[tokio::test]
async fn more_charges_than_may_run_are_answered_503() -> anyhow::Result<()> {
    let provider = Scripted::gated([]);
    let limit = |settings: &mut payment_service::settings::Settings| {
        settings.charges.max_running = 1;
    };
    let service = TestService::with_provider(&provider, limit).await?;
    let caller = service.caller.clone();
    let request = tokio::spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    provider.was_asked(1).await?;

    let refused = service.caller.process("k2", &charge_of(10.0)).await?;
    assert_eq!(refused.summary(), "503 unavailable");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.body["retryable"], true);

    provider.let_through(2);
    assert_eq!(request.await??.status, 200);
    let again = service.caller.process("k2", &charge_of(10.0)).await?;
    assert_eq!(again.status, 200);
    assert!(!again.is_replayed());
    Ok(())
}

#[tokio::test]
async fn a_key_has_many_forms_but_one_meaning() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let body = charge_of(10.0).to_string();
    let request = || {
        let request = service
            .caller
            .request(Method::POST, "/api/payments/process")
            .header("content-type", "application/json");
        request.header("idempotency-key", "k1")
    };
    let first = service.caller.send(request().body(body.clone())).await?;
    assert_eq!(first.status, 200);
    // Other bytes of the same JSON are the same request.
    let mut spelled: Vec<String> = vec![format!(" {body}\n")];
    let mut fields = charge_of(10.0);
    fields["currency"] = json!("INR");
    fields["reference"] = json!(null);
    spelled.push(fields.to_string());
    spelled.push(body.replace("10.0", "10"));
    for body in spelled {
        let again = service.caller.send(request().body(body.clone())).await?;
        assert!(again.is_replayed(), "{body}: {}", again.text);
        assert_eq!(again.text, first.text);
    }
    Ok(())
}

/// Like keys that are bytes in base64.
#[tokio::test]
async fn a_charge_is_found_by_a_key_that_ends_in_equals_signs() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let made = caller.process("dGVz==", &charge_of(10.0)).await?;
    let found = caller.get("/api/payments?key=dGVz==").await?;
    assert_eq!(found.body["payment_id"], made.body["payment_id"]);
    let missing = caller.get("/api/payments?key=").await?;
    assert_eq!(missing.invalid(), "400 /key");
    Ok(())
}
