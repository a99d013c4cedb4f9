//! Timeouts, deadlines, and the context that is passed on.

use std::time::{Duration, Instant};

use clients::http::REQUEST_TIMEOUT_HEADER;
use clients::{CallContext, CallError, PaymentClient};
use domain::HoldId;

use crate::answers::charge_request;
use crate::server::{Reply, SOON, Server};

/// The answer to closing a key.
const CLOSED: &str = r#"{"key":"k","closed":true,"charge":null}"#;

fn due_in(left: Duration) -> CallContext {
    CallContext {
        deadline: Some(Instant::now() + left),
        ..CallContext::default()
    }
}

#[tokio::test]
async fn a_call_ends_with_its_callers_deadline() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::Silence).await?;
    let started = Instant::now();
    let context = due_in(Duration::from_millis(100));
    let answer = server
        .payments()?
        .charge("k", &charge_request(), &context)
        .await;
    // The request was received, so its outcome is unknown.
    assert!(matches!(answer, Err(CallError::NoAnswer(_))), "{answer:?}");
    assert!(started.elapsed() < SOON / 2);
    assert_eq!(server.times_asked(), 1, "it is not tried again");
    Ok(())
}

#[tokio::test]
async fn a_call_without_time_is_not_sent() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::Silence).await?;
    let context = due_in(Duration::ZERO);
    let answer = server
        .flights()?
        .release(HoldId::generate(), &context)
        .await;
    assert!(
        matches!(answer, Err(CallError::DeadlinePassed)),
        "{answer:?}"
    );
    assert_eq!(server.times_asked(), 0);
    Ok(())
}

#[tokio::test]
async fn no_retry_is_made_past_the_deadline() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::unavailable("retry-after: 1\r\n")).await?;
    let context = due_in(Duration::from_millis(900));
    let answer = server.payments()?.close("k", &context).await;
    assert!(
        matches!(answer, Err(CallError::Unavailable(_))),
        "{answer:?}"
    );
    assert_eq!(server.times_asked(), 1);
    Ok(())
}

#[tokio::test]
async fn the_service_is_told_how_long_its_caller_waits() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::json(200, CLOSED)).await?;
    let payments = PaymentClient::new(&server.url, Duration::from_secs(10))?;
    for left in [3600, 5] {
        let context = due_in(Duration::from_secs(left));
        payments.close("k", &context).await?;
    }
    payments.close("k", &CallContext::default()).await?;
    let told: Vec<u64> = server
        .asked()
        .iter()
        .map(|asked| asked.headers[REQUEST_TIMEOUT_HEADER].parse())
        .collect::<Result<_, _>>()?;
    assert_eq!(
        (told[0], told[2]),
        (10_000, 10_000),
        "the client's own limit"
    );
    assert!((1..=5000).contains(&told[1]), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn the_request_it_serves_is_named() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::json(200, CLOSED)).await?;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let context = CallContext {
        request_id: "r-1".to_owned(),
        traceparent: Some(trace.to_owned()),
        deadline: None,
    };
    server.payments()?.close("k", &context).await?;
    let headers = &server.asked()[0].headers;
    assert_eq!(headers["x-request-id"], "r-1");
    assert_eq!(headers["traceparent"], trace);
    Ok(())
}
