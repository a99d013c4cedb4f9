//! Many charges in one request.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Scripted, TestService, charge_of, tidy};

const PATH: &str = "/api/payments/process/batch";

fn keyed(key: &str, charge: &Value) -> Value {
    json!({"call": {"key": key, "charge": charge}})
}

/// A charge that is declined without the provider.
fn declined() -> Value {
    let mut charge = charge_of(10.0);
    charge["payment_type"] = json!("cash");
    charge
}

fn statuses(answers: &[Value]) -> Vec<u64> {
    answers
        .iter()
        .filter_map(|answer| answer["status"].as_u64())
        .collect()
}

#[tokio::test]
async fn each_charge_is_answered_as_a_request_of_its_own_would_be() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let single = service
        .caller
        .post_keyed("/api/payments/process", "k1", &charge_of(10.0))
        .await?;
    service.caller.close("closed").await?;
    let calls = [
        keyed("k1", &charge_of(10.0)),
        keyed("k2", &charge_of(20.0)),
        keyed("k3", &declined()),
        keyed("k1", &charge_of(11.0)),
        keyed("closed", &charge_of(10.0)),
        keyed("", &charge_of(10.0)),
        keyed("k4", &charge_of(0.0)),
        keyed("k5", &json!({"amount": 1})),
        json!({"call": charge_of(10.0)}),
    ];
    let answers = service.caller.batch(PATH, &calls).await?;
    assert_eq!(
        statuses(&answers),
        [200, 200, 400, 422, 409, 400, 400, 400, 400]
    );
    assert_eq!(
        answers[0]["body"], single.body,
        "the same charge under the same key"
    );
    assert_eq!(answers[2]["body"]["status"], "failed");
    let problems: Vec<usize> = (0..answers.len())
        .filter(|index| answers[*index]["is_problem"] == true)
        .collect();
    assert_eq!(problems, [3, 4, 5, 6, 7, 8], "a declined charge is none");
    let codes: Vec<_> = answers[3..6]
        .iter()
        .map(|answer| &answer["body"]["code"])
        .collect();
    assert_eq!(
        codes,
        [
            "idempotency_key_reused",
            "key_closed",
            "invalid_idempotency_key"
        ]
    );
    // And the other way round.
    let again = service
        .caller
        .post_keyed("/api/payments/process", "k2", &charge_of(20.0))
        .await?;
    assert!(again.is_replayed());
    assert_eq!(again.body, answers[1]["body"]);
    assert_eq!(tidy(&again)["amount"], 20.0);
    let made = service.count("status IN ('success', 'failed')").await?;
    assert_eq!(made, 3);
    Ok(())
}

#[tokio::test]
async fn equal_keys_in_a_batch_make_one_charge() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let calls = vec![keyed("k", &charge_of(10.0)); 8];
    let answers = service.caller.batch(PATH, &calls).await?;
    let statuses = statuses(&answers);
    assert!(statuses.contains(&200), "{statuses:?}");
    for answer in &answers {
        match answer["status"].as_u64() {
            Some(200) => {}
            Some(409) => assert_eq!(answer["body"]["code"], "idempotency_in_progress"),
            _ => anyhow::bail!("{answer}"),
        }
    }
    assert_eq!(service.count("true").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_slow_provider_delays_nobody_else() -> anyhow::Result<()> {
    let provider = Scripted::gated([]);
    let service = TestService::with_provider(&provider, |_| {}).await?;
    let calls = [keyed("slow", &charge_of(10.0)), keyed("fast", &declined())];
    let request = service.caller.request(Method::POST, PATH);
    let mut answer = request.json(&json!({"members": calls})).send().await?;
    let first = answer.chunk().await?.context("no line")?;
    let first: Value = serde_json::from_slice(&first)?;
    assert_eq!(
        (&first["member"], &first["status"]),
        (&json!(1), &json!(400))
    );
    provider.was_asked(1).await?;
    provider.let_through(1);
    let second = answer.chunk().await?.context("no second line")?;
    let second: Value = serde_json::from_slice(&second)?;
    assert_eq!(
        (&second["member"], &second["status"]),
        (&json!(0), &json!(200))
    );
    assert_eq!(answer.chunk().await?, None);
    Ok(())
}

#[tokio::test]
async fn charges_go_on_when_their_caller_leaves() -> anyhow::Result<()> {
    let provider = Scripted::gated([]);
    let service = TestService::with_provider(&provider, |_| {}).await?;
    let calls = [keyed("k1", &charge_of(10.0)), keyed("k2", &charge_of(20.0))];
    let request = service.caller.request(Method::POST, PATH);
    let answer = request.json(&json!({"members": calls})).send().await?;
    provider.was_asked(2).await?;
    drop(answer);
    provider.let_through(2);
    for key in ["k1", "k2"] {
        let closed = service.caller.close(key).await?;
        assert_eq!(
            closed.body["charge"]["status"], "success",
            "{}",
            closed.text
        );
    }
    Ok(())
}
