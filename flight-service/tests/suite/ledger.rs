//! A flight's ledger entries, in pages.

use serde_json::{Value, json};

use crate::support::{AI101, AI103, TestService, seats_of};
use test_stack::caller::Answer;

fn movements(answer: &Answer) -> Vec<String> {
    let rows = answer.body["data"].as_array().cloned().unwrap_or_default();
    let text = |row: &Value| {
        format!(
            "{} {}>{} {}",
            row["reason"], row["from"], row["to"], row["units"]
        )
    };
    rows.iter().map(|row| text(row).replace('"', "")).collect()
}

#[tokio::test]
async fn every_movement_is_entered_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    caller
        .post("/api/flights/seats/decrement", &seats_of(AI103, 3))
        .await?;
    caller
        .post("/api/flights/seats/increment", &seats_of(AI103, 2))
        .await?;
    caller
        .post("/api/flights/seats/decrement", &seats_of(AI103, 1000))
        .await?;
    let all = caller.get("/api/flights/3/ledger").await?;
    assert_eq!(
        movements(&all),
        [
            "create issued>free 180",
            "create free>sold 80",
            "adjust free>sold 3",
            "adjust sold>free 2"
        ]
    );
    assert_eq!(
        all.body["meta"],
        json!({"after": null, "before": null, "limit": 50})
    );
    Ok(())
}

#[tokio::test]
async fn pages_go_on_and_back() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for seats in 1..=5 {
        caller
            .post("/api/flights/seats/decrement", &seats_of(AI101, seats))
            .await?;
    }
    let first = caller.get("/api/flights/1/ledger?limit=3").await?;
    assert_eq!(movements(&first)[2], "adjust free>sold 1");
    let after = first.body["meta"]["after"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let second = caller
        .get(&format!("/api/flights/1/ledger?limit=3&after={after}"))
        .await?;
    let expected = [
        "adjust free>sold 2",
        "adjust free>sold 3",
        "adjust free>sold 4",
    ];
    assert_eq!(movements(&second), expected);
    let before = second.body["meta"]["before"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let back = caller
        .get(&format!("/api/flights/1/ledger?limit=3&before={before}"))
        .await?;
    assert_eq!(movements(&back), movements(&first));
    for (query, pointer) in [
        ("limit=0", "400 /limit"),
        ("limit=201", "400 /limit"),
        ("after=x", "400 /after"),
        ("after=1.1&before=2.2", "400 /before"),
    ] {
        let answer = caller
            .get(&format!("/api/flights/1/ledger?{query}"))
            .await?;
        assert_eq!(answer.invalid(), pointer, "{query}");
    }
    assert_eq!(
        caller.get("/api/flights/999999/ledger").await?.summary(),
        "404 unknown_flight"
    );
    Ok(())
}
