//! Manual changes of the schedule.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::holds::{hold, hold_of};
use crate::support::{AI101, AI103, FL123, TestService, seats_of};
use local_servers::database::connect;
use test_stack::caller::{Answer, Caller};

fn new_flight() -> Value {
    json!({
        "flight_number": "AI900", "source": "DEL", "destination": "BOM",
        "departure_time": "2024-02-15T03:00:00Z", "arrival_time": "2024-02-15T05:00:00Z",
        "total_seats": 12, "price": 100.5, "currency": "INR", "seat_map": "rows A-B, seats 1-6",
    })
}

async fn change(caller: &Caller, flight: i64, body: Value) -> anyhow::Result<Answer> {
    let path = format!("/api/flights/{flight}");
    caller
        .send(caller.request(Method::PATCH, &path).json(&body))
        .await
}

async fn cancel(caller: &Caller, flight: i64) -> anyhow::Result<Answer> {
    caller
        .send(caller.request(Method::DELETE, &format!("/api/flights/{flight}")))
        .await
}

/// The first flight of the cheapest itinerary from DEL to BOM.
async fn cheapest(caller: &Caller) -> anyhow::Result<Value> {
    let path = "/api/flights/search?source=DEL&destination=BOM&date=2024-02-15&seats=1&limit=1";
    Ok(caller.get(path).await?.body["paths"][0]["flights"][0].clone())
}

#[tokio::test]
async fn an_added_flight_is_found_and_sold_at_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let added = caller.post("/api/flights", &new_flight()).await?;
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(added.body["departure_local"], "2024-02-15T08:30:00+05:30");
    let id = added.body["id"].as_i64().unwrap_or_default();
    assert_eq!(
        added.header("location"),
        Some(format!("/api/flights/{id}").as_str())
    );
    assert_eq!(cheapest(caller).await?["id"], id);
    let seats = caller.get("/api/flights/AI900/seats").await?;
    assert_eq!(seats.body["seats"].as_array().map(Vec::len), Some(12));
    let taken = caller
        .post("/api/flights/seats/decrement", &seats_of(id, 12))
        .await?;
    assert_eq!(taken.status, 200);
    assert_eq!(cheapest(caller).await?["id"], AI103);
    let again = caller.post("/api/flights", &new_flight()).await?;
    assert_eq!(again.summary(), "409 flight_exists");
    Ok(())
}

#[tokio::test]
async fn prices_are_whole_minor_units_of_their_currency() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let priced = |number: &str, price: Value, currency: &str| {
        let mut flight = new_flight();
        flight["flight_number"] = json!(number);
        flight["price"] = price;
        flight["currency"] = json!(currency);
        flight
    };
    for (price, currency, field) in [
        (json!(100.50), "JPY", "price"),
        (json!(1.2345), "KWD", "price"),
        (json!(1.234), "INR", "price"),
        (json!(100), "ZZZ", "currency"),
        (json!(100), "XXX", "currency"),
        (json!(100), "inr", "currency"),
    ] {
        let body = priced("AI900", price, currency);
        let refused = caller.post("/api/flights", &body).await?;
        assert_eq!(refused.summary(), "400 invalid_request", "{body}");
        let pointer = format!("/{field}");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{body}");
    }
    let mut flights = Vec::new();
    for (number, price, currency) in [("AI901", 1010.0, "JPY"), ("AI902", 1.234, "KWD")] {
        let added = caller
            .post("/api/flights", &priced(number, json!(price), currency))
            .await?;
        assert_eq!(added.status, 201, "{}", added.text);
        assert_eq!(added.body["price"], price);
        let id = added.body["id"].as_i64().unwrap_or_default();
        let body = json!({"flight_id": id, "seats": 3, "date": "2024-02-15"});
        let valid = caller.post("/api/flights/validate", &body).await?;
        assert_eq!(valid.body["price"], price * 3.0, "{}", valid.text);
        flights.push(id);
    }
    let refused = change(caller, flights[0], json!({"price": 99.5, "total_seats": 5})).await?;
    assert_eq!(refused.body["errors"][0]["pointer"], "/price");
    let changed = change(caller, flights[0], json!({"price": 99})).await?;
    assert_eq!(changed.body["price"], 99.0);
    assert_eq!(
        changed.body["total_seats"], 12,
        "nothing was changed before"
    );
    let changed = change(caller, flights[1], json!({"price": 1.235})).await?;
    assert_eq!(changed.body["price"], 1.235);
    let sql = connect(service.database.url()).await?;
    let minor = "SELECT price_minor FROM flights WHERE id = ANY ($1) ORDER BY id";
    let rows = sql.query(minor, &[&flights]).await?;
    let minor: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(minor, [99, 1235]);
    Ok(())
}

#[tokio::test]
async fn a_key_adds_one_flight_however_often_it_comes() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let flight = &new_flight();
    let add = async || caller.post_keyed("/api/flights", "once", flight).await;
    let answers = join_all((0..50).map(|_| add())).await;
    let answers: Vec<Answer> = answers.into_iter().collect::<anyhow::Result<_>>()?;
    for answer in &answers {
        assert_eq!(
            (answer.status, &answer.body["id"]),
            (201, &answers[0].body["id"])
        );
    }
    let first = answers
        .iter()
        .filter(|answer| !answer.is_replayed())
        .count();
    assert_eq!(first, 1);
    let mut other = new_flight();
    other["price"] = json!(1);
    let other = caller.post_keyed("/api/flights", "once", &other).await?;
    assert_eq!(other.summary(), "422 idempotency_key_reused");
    // A refused request left its key free.
    let refused = caller.post_keyed("/api/flights", "later", flight).await?;
    assert_eq!(refused.summary(), "409 flight_exists");
    let mut later = new_flight();
    later["flight_number"] = json!("AI901");
    let later = caller.post_keyed("/api/flights", "later", &later).await?;
    assert_eq!((later.status, later.is_replayed()), (201, false));
    Ok(())
}

#[tokio::test]
async fn a_flight_that_makes_no_sense_is_not_added() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (field, value) in [
        ("destination", json!("DEL")),
        ("destination", json!("XXX")),
        ("source", json!("XXX")),
        ("arrival_time", json!("2024-02-15T03:00:00Z")),
        ("departure_time", json!("2024-02-15T03:00:00.5Z")),
        ("total_seats", json!(0)),
        ("total_seats", json!(1001)),
        ("price", json!(-1)),
        ("price", json!(1.001)),
        ("currency", json!("rupee")),
        ("seat_map", json!("rows A-B, seats 1-5")),
        ("flight_number", json!("?")),
    ] {
        let mut body = new_flight();
        body[field] = value;
        let answer = service.caller.post("/api/flights", &body).await?;
        assert_eq!(answer.invalid(), format!("400 /{field}"), "{}", answer.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_change_is_seen_at_once() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let cheap = change(caller, AI101, json!({"price": 1.25})).await?;
    assert_eq!((cheap.status, &cheap.body["price"]), (200, &json!(1.25)));
    assert_eq!(cheapest(caller).await?["id"], AI101);
    let smaller = change(caller, AI101, json!({"total_seats": 60})).await?;
    assert_eq!(smaller.body["available_seats"], 10);
    let too_small = change(caller, AI101, json!({"total_seats": 49})).await?;
    assert_eq!(too_small.summary(), "409 capacity_in_use");
    let named = change(caller, FL123, json!({"total_seats": 31})).await?;
    assert_eq!(named.summary(), "409 capacity_in_use");
    let closed = change(caller, AI101, json!({"status": "closed"})).await?;
    assert_eq!(closed.body["status"], "closed");
    assert_eq!(cheapest(caller).await?["id"], AI103);
    let taken = caller
        .post("/api/flights/seats/decrement", &seats_of(AI101, 1))
        .await?;
    assert_eq!(taken.summary(), "409 sales_closed");
    assert_eq!(
        change(caller, AI101, json!({"status": "departed"}))
            .await?
            .invalid(),
        "400 /status"
    );
    assert_eq!(
        change(caller, 999_999, json!({"price": 1}))
            .await?
            .summary(),
        "404 unknown_flight"
    );
    Ok(())
}

#[tokio::test]
async fn a_change_that_is_refused_changes_nothing() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let before = caller.get(&format!("/api/flights/{AI101}")).await?;
    for (body, answer) in [
        (
            json!({"total_seats": 60, "status": "departed"}),
            "400 invalid_request",
        ),
        (
            json!({"total_seats": 60, "price": -1}),
            "400 invalid_request",
        ),
        (
            json!({"total_seats": 0, "status": "closed"}),
            "400 invalid_request",
        ),
        (
            json!({"total_seats": 49, "status": "closed", "price": 1}),
            "409 capacity_in_use",
        ),
    ] {
        let refused = change(caller, AI101, body.clone()).await?;
        assert_eq!(refused.summary(), answer, "{body}: {}", refused.text);
        let after = caller.get(&format!("/api/flights/{AI101}")).await?;
        assert_eq!(after.body, before.body, "{body}");
    }
    Ok(())
}

/// From now on loading the schedule fails, but the change is committed.
#[tokio::test]
async fn a_flight_that_was_made_is_answered_though_it_can_not_be_read_yet() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let sql = connect(service.database.url()).await?;
    sql.batch_execute("ALTER TABLE airports RENAME COLUMN city TO town")
        .await?;
    let added = caller.post("/api/flights", &new_flight()).await?;
    assert_eq!(added.status, 201, "{}", added.text);
    let cheap = change(caller, AI101, json!({"price": 1.25})).await?;
    assert_eq!((cheap.status, &cheap.body["price"]), (200, &json!(1.25)));
    assert_eq!(cancel(caller, AI103).await?.status, 204);
    Ok(())
}

#[tokio::test]
async fn a_flight_is_cancelled_unless_somebody_has_seats() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    hold(caller, &hold_of(uuid::Uuid::new_v4(), AI101, 1)).await?;
    assert_eq!(
        cancel(caller, AI101).await?.summary(),
        "409 flight_has_bookings"
    );
    // The refused cancellation changed nothing: the flight is still on sale.
    let sold = caller
        .post("/api/flights/seats/decrement", &seats_of(AI101, 1))
        .await?;
    assert_eq!(sold.status, 200, "{}", sold.text);
    assert_eq!(cancel(caller, AI103).await?.status, 204);
    let flight = caller.get("/api/flights/3").await?;
    assert_eq!(flight.body["status"], "cancelled");
    assert_eq!(cheapest(caller).await?["id"], AI101);
    let taken = caller
        .post("/api/flights/seats/decrement", &seats_of(AI103, 1))
        .await?;
    assert_eq!(taken.summary(), "409 sales_closed");
    assert_eq!(
        cancel(caller, 999_999).await?.summary(),
        "404 unknown_flight"
    );
    Ok(())
}

#[tokio::test]
async fn airports_come_by_the_page() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let codes = |answer: &Answer| -> Vec<String> {
        let rows = answer.body["data"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .map(|row| row["code"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let all = caller.get("/api/airports").await?;
    assert_eq!(
        codes(&all),
        ["BLR", "BOM", "CCU", "DEL", "GOI", "HYD", "MAA"]
    );
    assert_eq!(all.body["data"][3]["time_zone"], "Asia/Kolkata");
    let second = caller.get("/api/airports?limit=3&after=CCU").await?;
    assert_eq!(codes(&second), ["DEL", "GOI", "HYD"]);
    assert_eq!(
        second.body["meta"],
        json!({"after": "HYD", "before": "DEL", "limit": 3})
    );
    let first = caller.get("/api/airports?limit=3&before=DEL").await?;
    assert_eq!(codes(&first), ["BLR", "BOM", "CCU"]);
    Ok(())
}
