//! Outcomes that are unknown at first: silence, timeouts, leases, lost answers.

use std::time::Duration;

use payment_service::charge::Outcome;
use payment_service::provider::NoAnswer;
use payment_service::settings::Settings;

use crate::support::{Scripted, TestService, charge_of};

#[tokio::test]
async fn silence_is_not_an_outcome() -> anyhow::Result<()> {
    let provider = Scripted::new([Err(NoAnswer), Err(NoAnswer)]);
    let service = TestService::with_provider(&provider, |_| {}).await?;
    for _ in 0..2 {
        let answer = service.caller.process("k1", &charge_of(10.0)).await?;
        assert_eq!(answer.summary(), "503 unavailable");
        let found = service.caller.get("/api/payments?key=k1").await?;
        assert_eq!(found.body["status"], "processing");
    }
    // Asked again at once: nobody has to wait for the lease of an attempt that is over.
    let answer = service.caller.process("k1", &charge_of(10.0)).await?;
    assert_eq!(answer.status, 200);
    assert_eq!(provider.calls(), 3);
    assert_eq!(service.count("attempt = 3").await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_takes_too_long_is_asked_again() -> anyhow::Result<()> {
    let provider = Scripted::gated([]);
    let service = TestService::with_provider(&provider, |settings| {
        settings.charges.provider_timeout = Duration::from_millis(50);
    })
    .await?;
    let answer = service.caller.process("k1", &charge_of(10.0)).await?;
    assert_eq!(answer.summary(), "503 unavailable");
    provider.let_through(1);
    let answer = service.caller.process("k1", &charge_of(10.0)).await?;
    assert_eq!(answer.status, 200);
    assert_eq!(provider.calls(), 2);
    Ok(())
}

#[tokio::test]
async fn an_abandoned_charge_is_taken_over_and_ends_once() -> anyhow::Result<()> {
    let slow = Scripted::gated([Ok(Outcome::declined("card_declined", "Card declined"))]);
    let first = TestService::with_provider(&slow, |_| {}).await?;
    let caller = first.caller.clone();
    let abandoned = tokio::spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    slow.was_asked(1).await?;

    let quick = Scripted::new([]);
    let second = TestService::beside(first.database.clone(), &quick, |_| {}).await?;
    let early = second.caller.process("k1", &charge_of(10.0)).await?;
    assert_eq!(early.summary(), "409 idempotency_in_progress");
    let other = second.caller.process("k1", &charge_of(11.0)).await?;
    assert_eq!(other.summary(), "422 idempotency_key_reused");

    assert_eq!(second.expire_leases().await?, 1);
    let taken_over = second.caller.process("k1", &charge_of(10.0)).await?;
    assert_eq!(taken_over.status, 200);
    assert!(!taken_over.is_replayed());
    assert_eq!(quick.calls(), 1);

    // The first outcome was recorded; the late one changes nothing, and its caller is told the first.
    slow.let_through(1);
    let late = abandoned.await??;
    assert_eq!((late.status, late.text), (200, taken_over.text));
    assert_eq!(second.count("status = 'success'").await?, 1);
    Ok(())
}

#[tokio::test]
async fn ten_who_want_to_take_over_ask_the_provider_once() -> anyhow::Result<()> {
    let provider = Scripted::gated([Err(NoAnswer)]);
    let service = TestService::with_provider(&provider, |_| {}).await?;
    provider.let_through(1);
    service.caller.process("k1", &charge_of(10.0)).await?;

    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let caller = service.caller.clone();
        requests.spawn(async move { caller.process("k1", &charge_of(10.0)).await });
    }
    for _ in 0..9 {
        let answer = requests.join_next().await.transpose()?.transpose()?;
        let summary = answer.map(|answer| answer.summary());
        assert_eq!(summary.as_deref(), Some("409 idempotency_in_progress"));
    }
    provider.let_through(1);
    let answer = requests.join_next().await.transpose()?.transpose()?;
    assert_eq!(answer.map(|answer| answer.status), Some(200));
    assert_eq!(provider.calls(), 2);
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_can_be_looked_up() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings: &mut Settings| {
        settings.mock.lost_answer_rate = 1.0;
        settings.http.request_timeout = Duration::from_millis(500);
        settings.charges.provider_timeout = Duration::from_millis(400);
        settings.charges.close_wait = Duration::from_millis(400);
    })
    .await?;
    let lost = service.caller.process("k1", &charge_of(10.0)).await?;
    assert_eq!(lost.summary(), "503 unavailable");
    let found = service.caller.get("/api/payments?key=k1").await?;
    assert_eq!(found.body["status"], "success");
    let again = service.caller.process("k1", &charge_of(10.0)).await?;
    assert_eq!(again.status, 200);
    assert!(again.is_replayed());
    Ok(())
}
