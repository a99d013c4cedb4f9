//! Decrement and increment under an Idempotency-Key: repeated calls act once.

use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::{AI101, AI103, TestService, seats_of};
use test_stack::caller::{Answer, Caller};

const DECREMENT: &str = "/api/flights/seats/decrement";
const INCREMENT: &str = "/api/flights/seats/increment";

async fn decrement(caller: &Caller, key: &str, body: &Value) -> anyhow::Result<Answer> {
    caller.post_keyed(DECREMENT, key, body).await
}

#[tokio::test]
async fn a_repeated_call_gets_the_first_answer() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let first = decrement(caller, "k1", &seats_of(AI101, 2)).await?;
    assert_eq!(first.status, 200);
    assert!(!first.is_replayed());
    // Other calls act in between; the answer stays the same.
    decrement(caller, "k2", &seats_of(AI101, 5)).await?;
    for key in ["k1", "\"k1\""] {
        let again = decrement(caller, key, &seats_of(AI101, 2)).await?;
        assert!(again.is_replayed());
        assert_eq!((again.status, again.text), (200, first.text.clone()));
    }
    assert_eq!(caller.free_seats(AI101).await?, 123);

    let back = caller
        .post_keyed(INCREMENT, "b1", &seats_of(AI101, 2))
        .await?;
    let again = caller
        .post_keyed(INCREMENT, "b1", &seats_of(AI101, 2))
        .await?;
    assert!(again.is_replayed());
    assert_eq!(again.text, back.text);
    assert_eq!(caller.free_seats(AI101).await?, 125);
    Ok(())
}

#[tokio::test]
async fn a_key_belongs_to_its_request() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    decrement(caller, "k1", &seats_of(AI103, 2)).await?;
    for body in [
        seats_of(AI103, 3),
        seats_of(AI101, 2),
        // More than is free: the key is checked first.
        seats_of(AI103, 500),
    ] {
        let answer = decrement(caller, "k1", &body).await?;
        assert_eq!(answer.summary(), "422 idempotency_key_reused", "{body}");
    }
    assert_eq!(caller.free_seats(AI103).await?, 98);
    assert_eq!(caller.free_seats(AI101).await?, 130);
    // The same key of another call is another key.
    let back = caller
        .post_keyed(INCREMENT, "k1", &seats_of(AI103, 2))
        .await?;
    assert_eq!(back.status, 200);
    assert!(!back.is_replayed());
    Ok(())
}

#[tokio::test]
async fn twenty_repeats_at_once_act_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let caller = service.caller.clone();
        requests.spawn(async move { decrement(&caller, "k1", &seats_of(AI103, 60)).await });
    }
    let mut first_ones = 0;
    while let Some(answer) = requests.join_next().await {
        let answer = answer??;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body["available_seats"], 40);
        first_ones += i32::from(!answer.is_replayed());
    }
    assert_eq!(first_ones, 1);
    assert_eq!(service.caller.free_seats(AI103).await?, 40);
    Ok(())
}

#[tokio::test]
async fn a_replay_is_answered_when_nothing_is_left() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let first = decrement(caller, "k1", &seats_of(AI103, 100)).await?;
    // The gate knows that the flight is sold out, and still the key gets its answer.
    let other = decrement(caller, "k2", &seats_of(AI103, 1)).await?;
    assert_eq!(other.summary(), "409 sold_out");
    let again = decrement(caller, "k1", &seats_of(AI103, 100)).await?;
    assert_eq!((again.status, again.text), (200, first.text));
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_not_stored() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let refused = decrement(caller, "k1", &seats_of(AI103, 101)).await?;
    assert_eq!(refused.summary(), "409 sold_out");
    caller.increment(&seats_of(AI103, 1)).await?;
    let taken = decrement(caller, "k1", &seats_of(AI103, 101)).await?;
    assert_eq!(taken.status, 200, "{}", taken.text);
    assert!(!taken.is_replayed());
    assert_eq!(taken.body["available_seats"], 0);
    // The key is not bound to the refused request.
    let refused = decrement(caller, "k2", &seats_of(AI103, 1)).await?;
    assert_eq!(refused.summary(), "409 sold_out");
    let taken = decrement(caller, "k2", &seats_of(AI101, 1)).await?;
    assert_eq!(taken.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_malformed_key_is_refused() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let too_long = "k".repeat(256);
    for key in ["", "\"\"", "tab\there", &too_long] {
        let answer = decrement(&service.caller, key, &seats_of(AI101, 1)).await?;
        assert_eq!(answer.summary(), "400 invalid_idempotency_key", "{key:?}");
    }
    let longest = "k".repeat(255);
    let answer = decrement(&service.caller, &longest, &seats_of(AI101, 1)).await?;
    assert_eq!(answer.status, 200);
    assert_eq!(service.caller.free_seats(AI101).await?, 129);
    Ok(())
}
