//! Refunds: once per key, and never more than was charged.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{Scripted, TestService, captured, charge_of, id_of, tidy};

#[tokio::test]
async fn a_charge_is_given_back_in_parts_up_to_all_of_it() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = captured(caller, 100.0).await?;
    let path = format!("/api/payments/{id}/refunds");

    let first = caller.post(&path, &json!({"amount": 30.25})).await?;
    assert_eq!(first.status, 201);
    assert_eq!(first.body["payment_id"], id.as_str());
    assert_json_snapshot!(tidy(&first), @r#"
    {
      "amount": 30.25,
      "payment_id": "[id]",
      "refund_id": "[id]",
      "refunded_at": "[time]"
    }
    "#);
    let found = caller.get(&format!("/api/payments/{id}")).await?;
    assert_eq!(found.body["refunded"], 30.25);
    assert_eq!(found.body["status"], "success");

    let too_much = caller.post(&path, &json!({"amount": 69.76})).await?;
    assert_eq!(too_much.summary(), "409 refund_exceeds_charge");
    assert_eq!(too_much.body["detail"], "69.75 INR is left of this charge");
    let rest = caller.post(&path, &json!({"amount": 69.75})).await?;
    assert_eq!(rest.status, 201);
    let more = caller.post(&path, &json!({"amount": 0.01})).await?;
    assert_eq!(more.summary(), "409 refund_exceeds_charge");
    Ok(())
}

#[tokio::test]
async fn only_money_that_was_taken_is_given_back() -> anyhow::Result<()> {
    let provider = Scripted::gated([]);
    let service = TestService::with_provider(&provider, |_| {}).await?;
    let caller = &service.caller;
    for outcome in ["failure", "timeout"] {
        let path = format!("/api/payments/simulate/{outcome}");
        let charge = caller.post(&path, &charge_of(10.0)).await?;
        let path = format!("/api/payments/{}/refunds", id_of(&charge)?);
        let refund = caller.post(&path, &json!({"amount": 1})).await?;
        assert_eq!(refund.summary(), "409 not_captured");
    }
    let charger = caller.clone();
    let charge = tokio::spawn(async move { charger.process("k1", &charge_of(10.0)).await });
    provider.was_asked(1).await?;
    let running = caller.get("/api/payments?key=k1").await?;
    let path = format!("/api/payments/{}/refunds", id_of(&running)?);
    let early = caller.post(&path, &json!({"amount": 1})).await?;
    assert_eq!(early.summary(), "409 not_captured");
    provider.let_through(1);
    charge.await??;
    Ok(())
}

#[tokio::test]
async fn refunds_that_make_no_sense_are_refused() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = captured(caller, 100.0).await?;
    let path = format!("/api/payments/{id}/refunds");
    for body in [
        json!({}),
        json!({"amount": 0}),
        json!({"amount": -1}),
        json!({"amount": "1"}),
        json!({"amount": 0.005}),
    ] {
        let answer = caller.post(&path, &body).await?;
        assert_eq!(answer.summary(), "400 invalid_request", "{body}");
        assert_eq!(answer.body["errors"][0]["pointer"], "/amount");
    }
    for id in ["7", "01234567-89ab-7def-8123-456789abcdef"] {
        let path = format!("/api/payments/{id}/refunds");
        let answer = caller.post(&path, &json!({"amount": 1})).await?;
        assert_eq!(answer.summary(), "404 not_found");
    }
    Ok(())
}

#[tokio::test]
async fn a_repeated_refund_gives_back_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = captured(caller, 100.0).await?;
    let path = format!("/api/payments/{id}/refunds");
    let all = json!({"amount": 100});
    let first = caller.post_keyed(&path, "r1", &all).await?;
    assert_eq!(first.status, 201);
    // Nothing is left to refund, and the same request is still answered with its first answer.
    let again = caller.post_keyed(&path, "r1", &all).await?;
    assert!(again.is_replayed());
    assert_eq!((again.status, again.text), (201, first.text));

    let other_body = caller
        .post_keyed(&path, "r1", &json!({"amount": 1}))
        .await?;
    assert_eq!(other_body.summary(), "422 idempotency_key_reused");
    let other = captured(caller, 100.0).await?;
    let other_path = format!("/api/payments/{other}/refunds");
    let other_charge = caller.post_keyed(&other_path, "r1", &all).await?;
    assert_eq!(other_charge.summary(), "422 idempotency_key_reused");
    // A charge's key and a refund's key are separate.
    let charge = caller.process("r1", &charge_of(10.0)).await?;
    assert_eq!(charge.status, 200);
    Ok(())
}

#[tokio::test]
async fn refused_refunds_are_not_remembered() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = captured(caller, 100.0).await?;
    let path = format!("/api/payments/{id}/refunds");
    let refused = caller
        .post_keyed(&path, "r1", &json!({"amount": 101}))
        .await?;
    assert_eq!(refused.summary(), "409 refund_exceeds_charge");
    let made = caller
        .post_keyed(&path, "r1", &json!({"amount": 99}))
        .await?;
    assert_eq!(made.status, 201);
    Ok(())
}

#[tokio::test]
async fn ten_refunds_at_once_never_exceed_the_charge() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let id = captured(&service.caller, 100.0).await?;
    let path = format!("/api/payments/{id}/refunds");
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (caller, path) = (service.caller.clone(), path.clone());
        requests.spawn(async move { caller.post(&path, &json!({"amount": 30})).await });
    }
    let mut made = 0;
    while let Some(answer) = requests.join_next().await.transpose()?.transpose()? {
        match answer.status {
            201 => made += 1,
            _ => assert_eq!(answer.summary(), "409 refund_exceeds_charge"),
        }
    }
    assert_eq!(made, 3);
    assert_eq!(service.count("refunded_minor = 9000").await?, 1);
    Ok(())
}

#[tokio::test]
async fn equal_refunds_at_once_are_one() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let ids = [
        captured(&service.caller, 100.0).await?,
        captured(&service.caller, 100.0).await?,
    ];
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..20 {
        let caller = service.caller.clone();
        let path = format!("/api/payments/{}/refunds", ids[number % 2]);
        requests.spawn(async move { caller.post_keyed(&path, "r1", &json!({"amount": 10})).await });
    }
    let mut refund = None;
    let (mut made, mut reused) = (0, 0);
    while let Some(answer) = requests.join_next().await.transpose()?.transpose()? {
        if answer.status == 201 {
            made += 1;
            let id = answer.body["refund_id"].clone();
            assert_eq!(*refund.get_or_insert(id.clone()), id);
        } else {
            assert_eq!(answer.summary(), "422 idempotency_key_reused");
            reused += 1;
        }
    }
    assert_eq!(
        (made, reused),
        (10, 10),
        "one charge's ten, the other's none"
    );
    assert_eq!(service.count("refunded_minor = 1000").await?, 1);
    Ok(())
}
