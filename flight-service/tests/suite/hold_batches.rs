//! Many calls about holds in one request.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::holds::{hold, hold_of, look, turn};
use crate::support::{AI101, AI103, TestService};

const PATH: &str = "/api/holds/batch";

fn place(body: &Value) -> Value {
    json!({"call": {"place": body}})
}

fn about(what: &str, id: Uuid) -> Value {
    json!({"call": {what: {"id": id}}})
}

/// Status and code of an answer.
fn summary(answer: &Value) -> String {
    let code = answer["body"]["code"].as_str().unwrap_or_default();
    format!("{} {code}", answer["status"]).trim_end().to_owned()
}

fn summaries(answers: &[Value]) -> Vec<String> {
    answers.iter().map(summary).collect()
}

#[tokio::test]
async fn each_call_is_answered_as_its_own_endpoint_would() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let [new, pinned, sold, released, late] = [(); 5].map(|()| Uuid::new_v4());
    for id in [pinned, sold, released] {
        hold(caller, &hold_of(id, AI101, 1)).await?;
    }
    let mut too_early = hold_of(Uuid::new_v4(), AI101, 1);
    too_early["expires_at"] = json!("1969-12-31T00:00:00Z");
    let calls = [
        place(&hold_of(new, AI101, 2)),
        about("pin", pinned),
        place(&hold_of(Uuid::new_v4(), AI103, 101)),
        about("confirm", sold),
        about("pin", Uuid::new_v4()),
        json!({"call": {"pin": {"id": "7"}}}),
        about("release", released),
        json!({"call": {"sell": {"id": new}}}),
        json!(7),
        about("release", late),
        place(&too_early),
    ];
    let answers = caller.batch(PATH, &calls).await?;
    assert_eq!(
        summaries(&answers),
        [
            "201",
            "200",
            "409 sold_out",
            "200",
            "404 unknown_hold",
            "400 invalid_request",
            "200",
            "400 invalid_request",
            "400 invalid_request",
            "200",
            "400 invalid_request",
        ]
    );
    for (index, id) in [(0, new), (1, pinned), (3, sold), (6, released)] {
        assert_eq!(answers[index]["body"], look(caller, id).await?.body);
    }
    assert_eq!(answers[5]["body"]["errors"][0]["pointer"], "/call/pin/id");
    let is_problem: Vec<bool> = answers
        .iter()
        .map(|answer| answer["is_problem"] == true)
        .collect();
    assert_eq!(is_problem.iter().filter(|is| **is).count(), 6);
    // The tombstone of a release that came first.
    let refused = hold(caller, &hold_of(late, AI101, 1)).await?;
    assert_eq!(refused.summary(), "409 hold_released");
    assert_eq!(caller.free_seats(AI101).await?, 126);
    Ok(())
}

#[tokio::test]
async fn a_hold_that_is_placed_three_times_in_a_batch_takes_its_seats_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let id = Uuid::new_v4();
    let same = place(&hold_of(id, AI101, 4));
    let other = place(&hold_of(id, AI101, 5));
    let calls = [same.clone(), same.clone(), same, other];
    let answers = service.caller.batch(PATH, &calls).await?;
    let mut statuses = summaries(&answers);
    statuses.sort();
    // Which comes first is not told.
    let first = [
        vec!["200", "200", "201", "422 idempotency_key_reused"],
        vec![
            "201",
            "422 idempotency_key_reused",
            "422 idempotency_key_reused",
            "422 idempotency_key_reused",
        ],
    ];
    assert!(
        first.contains(&statuses.iter().map(String::as_str).collect()),
        "{statuses:?}"
    );
    let taken = 130 - service.caller.free_seats(AI101).await?;
    assert!([4, 5].contains(&taken), "{taken}");
    let again = turn(&service.caller, id, "pin").await?;
    assert_eq!(again.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_batch_has_one_to_64_calls() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let calls = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|_| about("release", Uuid::new_v4()))
            .collect()
    };
    for count in [0, 65] {
        let answer = caller.post(PATH, &json!({"members": calls(count)})).await?;
        assert_eq!(answer.summary(), "400 invalid_request", "{}", answer.text);
        assert_eq!(answer.body["errors"][0]["pointer"], "/members");
    }
    let answer = caller.post(PATH, &json!({})).await?;
    assert_eq!(answer.summary(), "400 invalid_request");
    let answers = caller.batch(PATH, &calls(64)).await?;
    assert!(
        answers.iter().all(|answer| summary(answer) == "200"),
        "{answers:?}"
    );
    Ok(())
}

#[tokio::test]
async fn each_call_has_its_own_time_and_ids() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let [late, in_time] = [(); 2].map(|()| hold_of(Uuid::new_v4(), AI101, 1));
    let calls = [
        json!({"call": {"place": late}, "timeout_ms": 0, "request_id": "r-1"}),
        json!({"call": {"place": in_time}, "timeout_ms": 20000, "request_id": "r-2"}),
        json!({"call": {"pin": {"id": Uuid::new_v4()}}, "request_id": "r-3"}),
        json!({"call": {"pin": {"id": Uuid::new_v4()}}, "request_id": "not one"}),
    ];
    let answers = service.caller.batch(PATH, &calls).await?;
    assert_eq!(
        summaries(&answers),
        [
            "503 unavailable",
            "201",
            "404 unknown_hold",
            "404 unknown_hold"
        ]
    );
    assert_eq!(answers[0]["retry_after"], 1);
    assert_eq!(answers[0]["body"]["request_id"], "r-1");
    assert_eq!(answers[2]["body"]["request_id"], "r-3");
    assert_ne!(answers[3]["body"]["request_id"], "not one");
    Ok(())
}
