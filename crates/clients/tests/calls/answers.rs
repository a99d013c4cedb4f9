//! How the clients classify answers.

use clients::{CallContext, CallError};
use domain::{Amount, Currency, FlightId, HoldId, PaymentId, RefusalCode};
use payment_api::{ChargeRequest, ChargeStatus, Reference};

use crate::server::{Reply, Server};

const CHARGE: &str = r#"{"payment_id":"018f3a5e-0000-7000-8000-000000000001","status":"STATUS",
    "message":"in words","booking_id":1,"amount":10.0,"currency":"INR",
    "processed_at":"2024-02-15T08:00:00Z"}"#;

pub fn charge_of(status: &str) -> String {
    CHARGE.replace("STATUS", status)
}

pub fn charge_request() -> ChargeRequest {
    ChargeRequest {
        booking_id: Reference::Number(1),
        amount: "10.00".parse().unwrap_or(Amount::ZERO),
        currency: Currency::INR,
        user_id: Reference::Number(1),
        payment_type: "upi".to_owned(),
        reference: None,
        payment_code: None,
    }
}

#[tokio::test]
async fn a_charge_ends_or_is_refused_or_is_not_known() -> anyhow::Result<()> {
    for (reply, expected) in [
        (Reply::json(200, &charge_of("success")), "Success"),
        (Reply::json(400, &charge_of("failed")), "Failed"),
        (Reply::json(408, &charge_of("timeout")), "Timeout"),
        (Reply::problem(409, "key_closed"), "refused: key_closed"),
        (
            Reply::problem(400, "invalid_request"),
            "refused: invalid_request",
        ),
        (
            Reply::problem(422, "idempotency_key_reused"),
            "refused: idempotency_key_reused",
        ),
        (
            Reply::problem(409, "idempotency_in_progress"),
            "an earlier request with the same key is still running",
        ),
        (
            Reply::unavailable(""),
            "the service answers 503 Service Unavailable",
        ),
        (
            Reply::problem(429, "limited"),
            "the service answers 429 Too Many Requests",
        ),
    ] {
        let server = Server::start(move |_| reply.clone()).await?;
        let payments = server.payments()?;
        let answer = payments
            .charge("key 1", &charge_request(), &CallContext::default())
            .await;
        let summary = match answer {
            Ok(charge) => format!("{:?}", charge.status),
            Err(CallError::Refused(refusal)) => format!("refused: {}", refusal.code),
            Err(error) => {
                assert!(!error.never_sent(), "{error}");
                error.to_string()
            }
        };
        assert_eq!(summary, expected);
        assert_eq!(server.times_asked(), 1, "{expected}");
        assert_eq!(server.asked()[0].headers["idempotency-key"], "key 1");
    }
    Ok(())
}

#[tokio::test]
async fn a_key_is_closed_with_or_without_a_charge() -> anyhow::Result<()> {
    let with = format!(
        r#"{{"key":"k","closed":true,"charge":{}}}"#,
        charge_of("success")
    );
    let server = Server::start(move |place| match place {
        0 => Reply::json(200, r#"{"key":"k","closed":true,"charge":null}"#),
        1 => Reply::json(200, &with),
        _ => Reply::problem(409, "idempotency_in_progress"),
    })
    .await?;
    let (payments, context) = (server.payments()?, CallContext::default());
    assert!(payments.close("k", &context).await?.charge.is_none());
    assert_eq!(server.asked()[0].body, r#"{"key":"k"}"#);
    let charge = payments.close("k", &context).await?.charge;
    assert_eq!(
        charge.map(|charge| charge.status),
        Some(ChargeStatus::Success)
    );
    let running = payments.close("k", &context).await;
    assert!(matches!(running, Err(CallError::InProgress)), "{running:?}");
    Ok(())
}

#[tokio::test]
async fn a_refund_that_is_refused_is_an_error_by_name() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::problem(409, "not_captured")).await?;
    let refused = server
        .payments()?
        .refund(
            "r1",
            PaymentId::generate(),
            "0.01".parse()?,
            &CallContext::default(),
        )
        .await;
    let code = match refused {
        Err(CallError::Refused(refusal)) => refusal.code.to_string(),
        other => format!("{other:?}"),
    };
    assert_eq!(code, "not_captured");
    Ok(())
}

#[tokio::test]
async fn flights_and_holds_are_named_in_the_path() -> anyhow::Result<()> {
    let server = Server::start(|place| match place {
        0 => Reply::Answer(204, "", String::new()),
        1 => Reply::json(200, r#"{"results":[]}"#),
        _ => Reply::problem(404, "unknown_flight"),
    })
    .await?;
    let (flights, context) = (server.flights()?, CallContext::default());
    let hold = HoldId::generate();
    flights.cancel_flight(FlightId(7), &context).await?;
    assert!(flights.confirm_many(&[hold], &context).await?.is_empty());
    // User input stays one segment of the path.
    let unknown = flights.seat_map("../holds?x#y", &context).await;
    let Err(CallError::Refused(refusal)) = unknown else {
        anyhow::bail!("{unknown:?}");
    };
    assert_eq!(refusal.code, RefusalCode::UnknownFlight);
    let unknown = flights.find_flight("FL123", &context).await;
    assert!(matches!(unknown, Err(CallError::Refused(_))), "{unknown:?}");
    let unknown = flights.pin(hold, &context).await;
    assert!(matches!(unknown, Err(CallError::Refused(_))), "{unknown:?}");
    let lines: Vec<String> = server
        .asked()
        .iter()
        .map(|asked| asked.line.replace(" HTTP/1.1", ""))
        .collect();
    assert_eq!(
        lines,
        [
            "DELETE /api/flights/7".to_owned(),
            "POST /api/holds/confirm".to_owned(),
            "GET /api/flights/..%2Fholds%3Fx%23y/seats".to_owned(),
            "GET /api/flights/FL123".to_owned(),
            format!("POST /api/holds/{hold}/pin"),
        ]
    );
    Ok(())
}

#[tokio::test]
async fn connections_are_used_again() -> anyhow::Result<()> {
    // After refusals and failures too: their connections are sound.
    let server = Server::start(|place| match place % 3 {
        0 => Reply::json(200, &charge_of("success")),
        1 => Reply::problem(409, "key_closed"),
        _ => Reply::unavailable(""),
    })
    .await?;
    let payments = server.payments()?;
    for _ in 0..30 {
        let (request, context) = (charge_request(), CallContext::default());
        payments.charge("k", &request, &context).await.ok();
    }
    assert_eq!((server.times_asked(), server.connections()), (30, 1));
    Ok(())
}
