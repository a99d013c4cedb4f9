//! When a call is retried.

use clients::{CallContext, CallError};
use domain::{FlightId, HoldId};

use crate::answers::{charge_of, charge_request};
use crate::server::{Reply, Server};

/// How often the server was called, with a client of its own.
async fn times_asked(
    replies: &'static [Reply],
    call: impl AsyncFnOnce(&Server) -> anyhow::Result<()>,
) -> anyhow::Result<usize> {
    let server = Server::start(|place| {
        let reply = replies.get(place).cloned();
        reply.unwrap_or_else(|| Reply::json(200, &charge_of("success")))
    })
    .await?;
    call(&server).await?;
    Ok(server.times_asked())
}

async fn charge(server: &Server) -> anyhow::Result<()> {
    let (request, context) = (charge_request(), CallContext::default());
    server
        .payments()?
        .charge("k", &request, &context)
        .await
        .ok();
    Ok(())
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_twice_at_most() -> anyhow::Result<()> {
    const RESET: Reply = Reply::Reset;
    assert_eq!(times_asked(&[RESET], charge).await?, 2);
    assert_eq!(times_asked(&[RESET, RESET], charge).await?, 3);
    assert_eq!(times_asked(&[RESET, RESET, RESET, RESET], charge).await?, 3);
    Ok(())
}

#[tokio::test]
async fn a_service_that_asks_for_it_is_tried_again_soon() -> anyhow::Result<()> {
    static SOON: [Reply; 1] = [Reply::Answer(503, "retry-after: 0\r\n", String::new())];
    static LATER: [Reply; 1] = [Reply::Answer(503, "retry-after: 30\r\n", String::new())];
    static NOT: [Reply; 1] = [Reply::Answer(503, "", String::new())];
    static BROKEN: [Reply; 1] = [Reply::Answer(500, "retry-after: 0\r\n", String::new())];
    assert_eq!(times_asked(&SOON, charge).await?, 2);
    assert_eq!(times_asked(&LATER, charge).await?, 1);
    assert_eq!(times_asked(&NOT, charge).await?, 1);
    assert_eq!(times_asked(&BROKEN, charge).await?, 1);
    Ok(())
}

#[tokio::test]
async fn what_may_do_more_if_it_arrives_twice_is_sent_once() -> anyhow::Result<()> {
    static REPLIES: [Reply; 1] = [Reply::Reset];
    let asked = times_asked(&REPLIES, async |server| {
        let context = CallContext::default();
        let error = server.flights()?.cancel_flight(FlightId(1), &context).await;
        assert!(matches!(error, Err(CallError::NoAnswer(_))), "{error:?}");
        Ok(())
    })
    .await?;
    assert_eq!(asked, 1);
    Ok(())
}

#[tokio::test]
async fn the_same_request_is_sent_again() -> anyhow::Result<()> {
    let server = Server::start(|place| match place {
        0 => Reply::Reset,
        _ => Reply::json(200, &charge_of("success")),
    })
    .await?;
    charge(&server).await?;
    let asked = server.asked();
    assert_eq!(asked[0].body, asked[1].body);
    assert_eq!(
        asked[0].headers["idempotency-key"],
        asked[1].headers["idempotency-key"]
    );
    Ok(())
}

#[tokio::test]
async fn a_call_that_may_have_acted_never_seems_unsent() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::ResetAndLeave).await?;
    let context = CallContext::default();
    let error = server
        .flights()?
        .release(HoldId::generate(), &context)
        .await;
    // The retries reached nobody, but the first attempt was received.
    assert!(matches!(error, Err(CallError::NoAnswer(_))), "{error:?}");
    assert_eq!(server.times_asked(), 1);
    // Now no attempt is received.
    let error = server
        .flights()?
        .release(HoldId::generate(), &context)
        .await;
    assert!(matches!(error, Err(CallError::Unreachable(_))), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn retries_stop_when_their_budget_is_spent() -> anyhow::Result<()> {
    // Every call fails first and succeeds when retried.
    let server = Server::start(|place| match place % 2 {
        0 => Reply::Reset,
        _ => Reply::json(200, &charge_of("success")),
    })
    .await?;
    let payments = server.payments()?;
    let mut successes = 0;
    loop {
        let (request, context) = (charge_request(), CallContext::default());
        match payments.charge("k", &request, &context).await {
            Ok(_) => successes += 1,
            Err(CallError::NoAnswer(_)) => break,
            other => anyhow::bail!("{other:?}"),
        }
    }
    // The reserve of ten, and a tenth of the calls.
    assert!((10..=12).contains(&successes), "{successes} retries");
    assert_eq!(server.times_asked(), 2 * successes + 1);
    Ok(())
}
