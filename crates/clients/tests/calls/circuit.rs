//! The circuit breaker: opens after repeated failures, closes after a success.

use std::time::Duration;

use clients::{CallContext, CallError, PaymentClient};
use test_stack::wait_for;

use crate::answers::{charge_of, charge_request};
use crate::server::{Reply, SOON, Server};

async fn charge(payments: &PaymentClient) -> Result<(), CallError> {
    let context = CallContext::default();
    let answer = payments.charge("k", &charge_request(), &context).await;
    answer.map(|_| ())
}

/// Calls until the circuit is open; returns the number of calls.
async fn open(payments: &PaymentClient) -> anyhow::Result<usize> {
    for calls in 0..100 {
        if let Err(CallError::CircuitOpen) = charge(payments).await {
            return Ok(calls);
        }
    }
    anyhow::bail!("it stays closed")
}

#[tokio::test]
async fn failures_in_a_row_open_it_and_an_answer_closes_it() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::json(500, "{}")).await?;
    let payments = server.payments()?;
    assert_eq!(open(&payments).await?, 5);
    assert_eq!(server.times_asked(), 5, "the service is left alone");
    server.change(|_| Reply::json(200, &charge_of("success")));
    wait_for("the circuit closes", SOON, async || charge(&payments).await).await?;
    charge(&payments).await?;
    Ok(())
}

#[tokio::test]
async fn it_stays_open_while_the_service_fails() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::json(500, "{}")).await?;
    let payments = server.payments()?;
    open(&payments).await?;
    let asked = server.times_asked();
    wait_for("a trial is made", SOON, async || {
        match charge(&payments).await {
            Err(CallError::CircuitOpen) => Err("open"),
            _ => Ok(()),
        }
    })
    .await?;
    assert_eq!(server.times_asked(), asked + 1);
    let again = charge(&payments).await;
    assert!(matches!(again, Err(CallError::CircuitOpen)), "{again:?}");
    Ok(())
}

#[tokio::test]
async fn one_that_is_not_there_opens_it() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::ResetAndLeave).await?;
    let payments = server.payments()?;
    // Retries count as attempts.
    assert!(open(&payments).await? <= 5);
    let error = charge(&payments).await.unwrap_err();
    assert!(error.never_sent());
    Ok(())
}

#[tokio::test]
async fn a_silent_one_opens_it() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::Silence).await?;
    let payments = PaymentClient::new(&server.url, Duration::from_millis(20))?;
    assert_eq!(open(&payments).await?, 5);
    assert_eq!(
        server.times_asked(),
        5,
        "no time that ran out is tried again"
    );
    Ok(())
}

#[tokio::test]
async fn refusals_do_not() -> anyhow::Result<()> {
    let server = Server::start(|place| match place % 3 {
        0 => Reply::problem(409, "key_closed"),
        1 => Reply::json(408, &charge_of("timeout")),
        _ => Reply::problem(429, "limited"),
    })
    .await?;
    let payments = server.payments()?;
    for _ in 0..30 {
        charge(&payments).await.ok();
    }
    assert_eq!(server.times_asked(), 30);
    Ok(())
}

#[tokio::test]
async fn callers_that_are_in_a_hurry_do_not() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::Silence).await?;
    let payments = server.payments()?;
    for _ in 0..10 {
        let context = CallContext {
            deadline: Some(std::time::Instant::now() + Duration::from_millis(10)),
            ..CallContext::default()
        };
        let answer = payments.charge("k", &charge_request(), &context).await;
        assert!(!matches!(answer, Err(CallError::CircuitOpen)), "{answer:?}");
    }
    Ok(())
}
