//! Charges written in one batch.

use std::time::Duration;

use anyhow::Context as _;
use deadpool_postgres::{Client, Pool};
use domain::{Currency, Money, PaymentId};
use futures_util::future::join_all;
use payment_api::Reference;
use payment_service::charge::{Charge, ChargeDetails, ChargeKind, Outcome};
use payment_service::db::charges::{Completion, NewCharge, Start, end, insert};
use reqwest::Method;
use serde_json::json;
use service_core::database;
use test_stack::wait_for;

use crate::support::{Answer, SOON, TestService, charge_of, settings};

fn new_charge(key: Option<&str>) -> anyhow::Result<Box<NewCharge>> {
    Ok(Box::new(NewCharge {
        kind: ChargeKind::Process,
        details: ChargeDetails {
            booking: Reference::Number(1),
            user: Reference::Text("alice".to_owned()),
            money: Money::from_minor(100, Currency::INR)?,
            payment_type: "upi".to_owned(),
            reference: None,
            payment_code: Some("12345".parse()?),
        },
        key: key.map(|key| service_core::idempotency::RequestKey {
            key: key.to_owned(),
            digest: [7; 32],
        }),
        start: Start::Processing {
            lease: Duration::from_secs(15),
        },
    }))
}

fn ending(id: PaymentId, outcome: Outcome) -> Box<Completion> {
    Box::new(Completion { id, outcome })
}

fn pool(service: &TestService) -> anyhow::Result<Pool> {
    database::batch_pool(&settings(service.database.url())?.database, "test")
}

async fn inserted(client: &Client, keys: &[Option<&str>]) -> anyhow::Result<Vec<Option<Charge>>> {
    let charges = keys.iter().map(|key| new_charge(*key));
    let charges = charges.collect::<Result<Vec<_>, _>>()?;
    Ok(insert(client, &charges).await?)
}

#[tokio::test]
async fn a_charge_that_the_database_refuses_fails_alone() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    // The API refuses what the schema refuses, so the schema is given one more constraint.
    let sql = "ALTER TABLE charges ADD CONSTRAINT no_mallory CHECK (user_ref <> '\"mallory\"')";
    service.sql.batch_execute(sql).await?;
    let answers = join_all((0..100).map(|number| {
        let mut body = charge_of(10.0);
        if number % 40 == 7 {
            body["user_id"] = json!("mallory");
        }
        let caller = service.caller.clone();
        async move {
            let request = caller.request(Method::POST, "/api/payments/process");
            let request = request.header("idempotency-key", format!("k{number}"));
            // A 500 is expected here, so the answer skips the usual checks.
            Answer::of(request.json(&body).send().await?).await
        }
    }))
    .await;
    for (number, answer) in answers.into_iter().enumerate() {
        let answer = answer?;
        let expected = if number % 40 == 7 { 500 } else { 200 };
        assert_eq!(answer.status, expected, "{number}: {}", answer.text);
    }
    assert_eq!(service.count("true").await?, 97);
    Ok(())
}

#[tokio::test]
async fn each_new_charge_has_its_own_answer() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let client = pool(&service)?.get().await?;
    assert_eq!(service.caller.close("closed").await?.status, 200);
    inserted(&client, &[Some("taken")]).await?;
    let keys = [
        Some("z"),
        None,
        Some("taken"),
        Some("a"),
        Some("closed"),
        Some("z"),
        None,
    ];
    let charges = inserted(&client, &keys).await?;
    let made: Vec<bool> = charges.iter().map(Option::is_some).collect();
    assert_eq!(made, [true, true, false, true, false, false, true]);
    for (charge, key) in charges.iter().zip(keys) {
        let Some(charge) = charge else { continue };
        assert_eq!(charge.key.as_deref(), key);
        let shown = service
            .caller
            .get(&format!("/api/payments/{}", charge.id))
            .await?;
        assert_eq!(shown.body["status"], "processing", "{}", shown.text);
    }
    let ends = charges.iter().flatten();
    let ends: Vec<_> = ends
        .map(|charge| ending(charge.id, Outcome::captured()))
        .collect();
    assert!(end(&client, &ends).await?.iter().all(Option::is_some));
    service.expire_leases().await?;
    assert_eq!(service.caller.close("taken").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn of_two_ends_in_one_batch_the_first_counts() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let client = pool(&service)?.get().await?;
    let charges = inserted(&client, &[Some("k1"), Some("k2")]).await?;
    let ids: Vec<PaymentId> = charges.iter().flatten().map(|charge| charge.id).collect();
    let declined = || Outcome::declined("card_declined", "Card declined");
    let ends = [
        ending(ids[1], declined()),
        ending(ids[0], Outcome::captured()),
        ending(ids[0], declined()),
        ending(PaymentId::generate(), declined()),
    ];
    let ended = end(&client, &ends).await?;
    let ended: Vec<bool> = ended.iter().map(Option::is_some).collect();
    assert_eq!(ended, [true, true, false, false]);
    for (key, status) in [("k1", "success"), ("k2", "failed")] {
        let shown = service
            .caller
            .get(&format!("/api/payments?key={key}"))
            .await?;
        assert_eq!(shown.body["status"], status, "{}", shown.text);
    }
    // A completion in a later batch ends nothing either.
    assert_eq!(end(&client, &[ending(ids[0], declined())]).await?, [None]);
    let kept = service.count("payment_code IS NOT NULL").await?;
    assert_eq!(kept, 0, "no code is kept once its charge has ended");
    Ok(())
}

#[tokio::test]
async fn ends_are_found_by_their_keys() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let pool = pool(&service)?;
    let client = pool.get().await?;
    let whole_reads = async || -> anyhow::Result<i64> {
        let sql = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'charges'";
        Ok(service.sql.query_one(sql, &[]).await?.try_get(0)?)
    };
    let before = whole_reads().await?;
    // Not analyzed since the table has grown: the planner's statistics are stale.
    for _ in 0..4 {
        let charges = inserted(&client, &[None; 100]).await?;
        let ends: Vec<_> = charges
            .iter()
            .flatten()
            .map(|charge| ending(charge.id, Outcome::captured()))
            .collect();
        assert_eq!(end(&client, &ends).await?.len(), 100);
    }
    // A session publishes its statistics when it says so, or ends.
    let flush = "SELECT pg_stat_force_next_flush()";
    client.batch_execute(flush).await.context("flush")?;
    wait_for("the reads are counted", SOON, async || {
        let sql = "SELECT idx_scan FROM pg_stat_user_tables WHERE relname = 'charges'";
        let row = service.sql.query_one(sql, &[]).await;
        let scans: i64 = row
            .and_then(|row| row.try_get(0))
            .map_err(|e| e.to_string())?;
        if scans >= 400 {
            Ok(())
        } else {
            Err(scans.to_string())
        }
    })
    .await?;
    assert_eq!(whole_reads().await?, before);
    Ok(())
}
