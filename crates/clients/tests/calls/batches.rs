//! Calls that wait go together, and each keeps its own answer, deadline and context.

use std::time::{Duration, Instant};

use clients::{CallContext, CallError, FlightClient, PaymentClient};
use domain::{HoldId, RefusalCode};
use flight_api::{Hold, HoldRequest};
use futures_util::future::{join, join_all};
use payment_api::{Charge, ChargeStatus};
use reqwest::Url;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::answers::{charge_of, charge_request};
use crate::server::{Asked, Reply, SOON, Server};

const BATCH_OF_CHARGES: &str = "POST /api/payments/process/batch HTTP/1.1";
const BATCH_OF_HOLDS: &str = "POST /api/holds/batch HTTP/1.1";

/// The members of a batch.
fn members(asked: &Asked) -> Vec<Value> {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    body["members"].as_array().cloned().unwrap_or_default()
}

/// The members of each batch so far.
fn batches(server: &Server) -> Vec<Vec<Value>> {
    let asked = server.asked();
    let batches = asked.iter().filter(|asked| asked.line.contains("/batch "));
    batches.map(members).collect()
}

/// Whether it is the call of [`behind_a_silent_one`].
fn is_first(asked: &Asked) -> bool {
    asked
        .headers
        .get("idempotency-key")
        .is_some_and(|key| key == "first")
}

/// A member's line of the answer.
fn line(member: usize, status: u16, body: &str) -> String {
    let body = body.replace('\n', "");
    format!("{{\"member\":{member},\"status\":{status},\"body\":{body}}}\n")
}

fn problem_line(member: usize, status: u16, code: &str) -> String {
    format!(
        "{{\"member\":{member},\"status\":{status},\"is_problem\":true,\"body\":{{\"code\":\"{code}\"}}}}\n"
    )
}

fn lines(lines: impl IntoIterator<Item = String>) -> Reply {
    let headers = "content-type: application/x-ndjson\r\n";
    Reply::Answer(200, headers, lines.into_iter().collect())
}

/// Makes calls that a first one keeps waiting: the service is silent to it.
async fn behind_a_silent_one<T>(
    payments: &PaymentClient,
    others: impl Future<Output = T>,
) -> anyhow::Result<T> {
    let (request, context) = (charge_request(), CallContext::default());
    let first = payments.charge("first", &request, &context);
    tokio::select! {
        biased;
        answer = first => anyhow::bail!("{answer:?}"),
        others = others => Ok(others),
    }
}

async fn charge(
    payments: &PaymentClient,
    key: &str,
    context: &CallContext,
) -> Result<Charge, CallError> {
    payments.charge(key, &charge_request(), context).await
}

fn summary(answer: &Result<Charge, CallError>) -> String {
    match answer {
        Ok(charge) => format!("{:?}", charge.status),
        Err(CallError::Refused(refusal)) => refusal.code.to_string(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn what_waits_goes_together_and_a_lone_call_goes_alone() -> anyhow::Result<()> {
    let server = Server::answering(|index, asked| match index {
        0 => Reply::json(200, &charge_of("success")),
        _ if is_first(asked) => Reply::Silence,
        // In another order than asked.
        _ => lines((0..members(asked).len()).rev().map(|member| match member {
            0 => line(member, 200, &charge_of("success")),
            1 => line(member, 400, &charge_of("failed")),
            _ => problem_line(member, 409, "key_closed"),
        })),
    })
    .await?;
    let (payments, context) = (server.payments()?, CallContext::default());
    charge(&payments, "alone", &context).await?;
    let keys = ["k0", "k1", "k2"];
    let others = join_all(keys.map(|key| charge(&payments, key, &context)));
    let answers = behind_a_silent_one(&payments, others).await?;
    let summaries: Vec<String> = answers.iter().map(summary).collect();
    assert_eq!(summaries, ["Success", "Failed", "key_closed"]);
    let asked = server.asked();
    let mut lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    lines.sort_unstable();
    let single = "POST /api/payments/process HTTP/1.1";
    assert_eq!(lines, [single, single, BATCH_OF_CHARGES]);
    let batch = &batches(&server)[0];
    let asked_for: Vec<&Value> = batch.iter().map(|member| &member["call"]["key"]).collect();
    assert_eq!(asked_for, keys);
    assert_eq!(batch[0]["call"]["charge"]["amount"], 10.0);
    Ok(())
}

#[tokio::test]
async fn each_call_passes_on_its_own_deadline_and_ids() -> anyhow::Result<()> {
    let server = Server::answering(|_, asked| match asked {
        _ if is_first(asked) => Reply::Silence,
        _ => lines((0..2).map(|member| line(member, 200, &charge_of("success")))),
    })
    .await?;
    let payments = server.payments()?;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let one = CallContext {
        request_id: "r-1".to_owned(),
        traceparent: Some(trace.to_owned()),
        deadline: Some(Instant::now() + Duration::from_secs(10)),
    };
    let other = CallContext::default();
    let both = join(charge(&payments, "a", &one), charge(&payments, "b", &other));
    let (one, other) = behind_a_silent_one(&payments, both).await?;
    assert!(one.is_ok() && other.is_ok());
    let members = &batches(&server)[0];
    assert_eq!(members[0]["request_id"], "r-1");
    assert_eq!(members[0]["traceparent"], trace);
    assert!(members[1].get("request_id").is_none());
    let times: Vec<u64> = members
        .iter()
        .filter_map(|member| member["timeout_ms"].as_u64())
        .collect();
    assert!(
        (5000..=10_000).contains(&times[0]) && (20_000..=30_000).contains(&times[1]),
        "{times:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_slow_call_delays_no_other_and_ends_with_its_own_deadline() -> anyhow::Result<()> {
    let server = Server::answering(|_, asked| match asked {
        _ if is_first(asked) => Reply::Silence,
        _ if asked.line == BATCH_OF_CHARGES => Reply::Start {
            body: line(1, 200, &charge_of("success")),
            closes: false,
        },
        _ => Reply::json(200, &charge_of("success")),
    })
    .await?;
    let payments = server.payments()?;
    let hurried = CallContext {
        deadline: Some(Instant::now() + Duration::from_millis(300)),
        ..CallContext::default()
    };
    let patient = CallContext::default();
    let others = async {
        let answers = join(
            charge(&payments, "slow", &hurried),
            charge(&payments, "fast", &patient),
        );
        let answers = answers.await;
        // The batch is still under way.
        (answers, charge(&payments, "later", &patient).await)
    };
    let ((slow, fast), later) = behind_a_silent_one(&payments, others).await?;
    assert!(matches!(slow, Err(CallError::NoAnswer(_))), "{slow:?}");
    assert_eq!(summary(&fast), "Success");
    assert_eq!(summary(&later), "Success");
    assert_eq!(
        server.times_asked(),
        3,
        "no time that ran out is tried again"
    );
    Ok(())
}

#[tokio::test]
async fn what_a_dying_service_did_not_answer_is_unknown_and_tried_again() -> anyhow::Result<()> {
    let server = Server::answering(|_, asked| match asked {
        _ if is_first(asked) => Reply::Silence,
        _ if members(asked).len() == 3 => Reply::Start {
            body: line(1, 200, &charge_of("success")),
            closes: true,
        },
        _ if asked.line == BATCH_OF_CHARGES => {
            lines((0..members(asked).len()).map(|member| line(member, 200, &charge_of("success"))))
        }
        _ => Reply::json(200, &charge_of("success")),
    })
    .await?;
    let (payments, context) = (server.payments()?, CallContext::default());
    let others = join_all(["a", "b", "c"].map(|key| charge(&payments, key, &context)));
    let answers = behind_a_silent_one(&payments, others).await?;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let of_b = |members: &Vec<Value>| members.iter().any(|member| member["call"]["key"] == "b");
    let with_b = batches(&server).iter().filter(|batch| of_b(batch)).count();
    assert_eq!(with_b, 1, "b was answered");
    Ok(())
}

/// Holds that are never granted: what is asked about them is never asked twice.
async fn hold(flights: &FlightClient) -> Result<Hold, CallError> {
    let request = HoldRequest {
        id: HoldId::generate(),
        owner: "alice".to_owned(),
        legs: Vec::new(),
        itinerary: false,
        expires_at: None,
    };
    flights.hold(&request, &CallContext::default()).await
}

#[tokio::test]
async fn a_hold_in_a_broken_batch_is_not_asked_for_again() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::Reset).await?;
    let flights = server.flights()?;
    let answers = join_all((0..8).map(|_| hold(&flights))).await;
    for answer in &answers {
        assert!(matches!(answer, Err(CallError::NoAnswer(_))), "{answer:?}");
    }
    assert_eq!(server.times_asked(), 2);
    assert_eq!(batches(&server)[0].len(), 7);
    // The service failed twice, not eight times: the circuit is closed.
    let answer = hold(&flights).await;
    assert!(matches!(answer, Err(CallError::NoAnswer(_))), "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn what_was_not_received_had_no_effect() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
    drop(listener);
    let flights = FlightClient::new(&url, SOON)?;
    let answers = join_all((0..3).map(|_| hold(&flights))).await;
    for answer in answers {
        assert!(
            matches!(answer, Err(CallError::Unreachable(_))),
            "{answer:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_older_version_gets_single_requests() -> anyhow::Result<()> {
    for status in [404, 405] {
        let server = Server::answering(move |_, asked| match asked {
            _ if asked.line == BATCH_OF_HOLDS => Reply::problem(status, "not_found"),
            _ => Reply::problem(409, "sold_out"),
        })
        .await?;
        let flights = server.flights()?;
        for _ in 0..2 {
            let answers = join_all((0..4).map(|_| hold(&flights))).await;
            for answer in answers {
                let Err(CallError::Refused(refusal)) = answer else {
                    anyhow::bail!("{answer:?}");
                };
                assert_eq!(refusal.code, RefusalCode::SoldOut);
            }
        }
        let asked = server.asked();
        let batches = asked.iter().filter(|asked| asked.line == BATCH_OF_HOLDS);
        assert_eq!((batches.count(), asked.len()), (1, 9));
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_that_is_refused_for_now_is_tried_again() -> anyhow::Result<()> {
    let server = Server::answering(|_, asked| match asked {
        _ if is_first(asked) => Reply::Silence,
        _ if members(asked).len() == 3 => Reply::unavailable("retry-after: 0\r\n"),
        _ if asked.line == BATCH_OF_CHARGES => {
            lines((0..members(asked).len()).map(|member| line(member, 200, &charge_of("success"))))
        }
        _ => Reply::json(200, &charge_of("success")),
    })
    .await?;
    let (payments, context) = (server.payments()?, CallContext::default());
    let others = join_all(["a", "b", "c"].map(|key| charge(&payments, key, &context)));
    let answers = behind_a_silent_one(&payments, others).await?;
    let statuses: Vec<_> = answers
        .into_iter()
        .flatten()
        .map(|charge| charge.status)
        .collect();
    assert_eq!(statuses, [ChargeStatus::Success; 3]);
    Ok(())
}

#[tokio::test]
async fn a_call_whose_caller_left_while_it_waited_is_not_sent() -> anyhow::Result<()> {
    let server = Server::answering(|_, asked| match asked {
        _ if is_first(asked) => Reply::Silence,
        _ => {
            lines((0..members(asked).len()).map(|member| line(member, 200, &charge_of("success"))))
        }
    })
    .await?;
    let (payments, context) = (server.payments()?, CallContext::default());
    let others = async {
        let left = charge(&payments, "left", &context);
        tokio::select! {
            biased;
            _ = left => {}
            () = std::future::ready(()) => {}
        }
        join(
            charge(&payments, "a", &context),
            charge(&payments, "b", &context),
        )
        .await
    };
    let (a, b) = behind_a_silent_one(&payments, others).await?;
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(batches(&server)[0].len(), 2);
    Ok(())
}
