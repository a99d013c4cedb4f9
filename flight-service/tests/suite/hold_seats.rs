//! Holds of named seats, and the choice of seats for unnamed units.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::holds::{hold, hold_of, turn};
use crate::support::{FL123, TestService, seats_of};
use test_stack::caller::{Answer, Caller};

async fn hold_named(caller: &Caller, seats: &[&str]) -> anyhow::Result<Answer> {
    hold(caller, &named(Uuid::new_v4(), seats)).await
}

fn named(id: Uuid, seats: &[&str]) -> Value {
    json!({"id": id, "owner": "alice", "legs": [{"flight_id": FL123, "seats": seats}]})
}

/// The seats chosen for a hold of unnamed units.
async fn seats_for(caller: &Caller, units: i64) -> anyhow::Result<Value> {
    let answer = hold(caller, &hold_of(Uuid::new_v4(), FL123, units)).await?;
    Ok(answer.body["legs"][0]["seats"].clone())
}

#[tokio::test]
async fn a_named_seat_belongs_to_one_hold() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = Uuid::new_v4();
    let made = hold(caller, &named(id, &["A1", "a2"])).await?;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["legs"][0]["seats"], json!(["A1", "A2"]));
    assert_eq!(made.body["legs"][0]["units"], 2);
    // One taken seat refuses the whole hold.
    let taken = hold_named(caller, &["A3", "A2"]).await?;
    assert_eq!(taken.summary(), "409 seat_taken");
    assert_eq!(caller.free_seats(FL123).await?, 28);
    turn(caller, id, "confirm").await?;
    let taken = hold_named(caller, &["A1"]).await?;
    assert_eq!(taken.summary(), "409 seat_taken");
    turn(caller, id, "release").await?;
    assert_eq!(hold_named(caller, &["A3", "A2", "A1"]).await?.status, 201);
    Ok(())
}

#[tokio::test]
async fn thirty_who_want_one_seat() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let mut requests = JoinSet::new();
    for _ in 0..30 {
        let caller = service.caller.clone();
        requests.spawn(async move { hold_named(&caller, &["B5"]).await });
    }
    let mut made = 0;
    while let Some(answer) = requests.join_next().await {
        let answer = answer??;
        match answer.status {
            201 => made += 1,
            _ => assert_eq!(answer.summary(), "409 seat_taken"),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(service.caller.free_seats(FL123).await?, 29);
    Ok(())
}

#[tokio::test]
async fn every_seat_is_sold_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let mut requests = JoinSet::new();
    for _ in 0..40 {
        let caller = service.caller.clone();
        requests.spawn(async move { hold(&caller, &hold_of(Uuid::new_v4(), FL123, 1)).await });
    }
    let mut seats = BTreeSet::new();
    let mut refused = 0;
    while let Some(answer) = requests.join_next().await {
        let answer = answer??;
        if answer.status == 201 {
            seats.insert(answer.body["legs"][0]["seats"][0].to_string());
        } else {
            assert_eq!(answer.summary(), "409 sold_out");
            refused += 1;
        }
    }
    assert_eq!((seats.len(), refused), (30, 10));
    Ok(())
}

#[tokio::test]
async fn those_who_name_no_seats_sit_side_by_side() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    hold_named(caller, &["A4"]).await?;
    assert_eq!(seats_for(caller, 3).await?, json!(["A1", "A2", "A3"]));
    assert_eq!(seats_for(caller, 4).await?, json!(["A5", "A6", "A7", "A8"]));
    // A row with room for all, rather than the two seats left in the first.
    assert_eq!(seats_for(caller, 3).await?, json!(["B1", "B2", "B3"]));
    // And the smallest gap that fits.
    assert_eq!(seats_for(caller, 2).await?, json!(["A9", "A10"]));
    // No row has eighteen seats side by side: any free ones are taken.
    let rest = seats_for(caller, 17).await?;
    assert_eq!(rest.as_array().map(Vec::len), Some(17));
    assert_eq!(caller.free_seats(FL123).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_seat_must_be_free_and_so_must_a_unit() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    // Taken by count: their numbers are unknown, only that fewer are free.
    caller.decrement(&seats_of(FL123, 29)).await?;
    assert_eq!(
        hold_named(caller, &["A1", "A2"]).await?.summary(),
        "409 sold_out"
    );
    assert_eq!(hold_named(caller, &["A1"]).await?.status, 201);
    assert_eq!(hold_named(caller, &["A2"]).await?.summary(), "409 sold_out");
    Ok(())
}

#[tokio::test]
async fn seats_that_make_no_sense_are_refused() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for (leg, invalid) in [
        (json!({"flight_id": FL123, "seats": ["D1"]}), "400 /legs"),
        (json!({"flight_id": FL123, "seats": ["A11"]}), "400 /legs"),
        (
            json!({"flight_id": FL123, "seats": ["A1", "A1"]}),
            "400 /legs",
        ),
        (
            json!({"flight_id": FL123, "units": 2, "seats": ["A1"]}),
            "400 /legs",
        ),
        (
            json!({"flight_id": FL123, "seats": ["A0"]}),
            "400 /legs/0/seats/0",
        ),
        (
            json!({"flight_id": FL123, "seats": ["A1", 2]}),
            "400 /legs/0/seats/1",
        ),
        (json!({"flight_id": FL123, "seats": []}), "400 /legs/0"),
    ] {
        let body = json!({"id": Uuid::new_v4(), "owner": "alice", "legs": [leg]});
        let answer = hold(caller, &body).await?;
        assert_eq!(answer.invalid(), invalid, "{body}");
    }
    assert_eq!(caller.free_seats(FL123).await?, 30);
    Ok(())
}
