//! Orders with chosen seats: made, paid and shown.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use test_stack::wait_until;

use crate::ordering::FLIGHT;
use crate::services::{AI101, Services};
use test_stack::caller::SOON;

#[tokio::test]
async fn seats_are_reserved_then_paid() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let order = services.order("alice", &["A1", "A2"]).await?;
    let made = &order.made.body;
    for (field, value) in [
        ("flightId", json!(FLIGHT)),
        ("userId", json!("alice")),
        ("seats", json!(["A1", "A2"])),
        ("status", json!("SEATS_RESERVED")),
        ("failureReason", Value::Null),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(made["workflowId"].is_string());
    assert_eq!(
        services.taken_seats().await?,
        ["A1 RESERVED alice", "A2 RESERVED alice"]
    );
    let seen = services.look_at(&order).await?;
    assert_eq!(seen["paymentAttempts"], 0);
    assert_eq!(seen["total_amount"], Value::Null);
    assert_eq!(seen["totalAmount"], 9000.0);
    let left = seen["timeRemaining"].as_i64().unwrap_or(-1);
    assert!((880..=900).contains(&left), "{left} s");

    let paid = services.pay(&order, "12345").await?;
    assert_eq!(paid.status, 200, "{}", paid.text);
    assert!(paid.body["message"].is_string());
    let seen = services.wait_for_status(&order, "CONFIRMED").await?;
    assert_eq!(seen["timeRemaining"], 0);
    assert_eq!(seen["paymentAttempts"], 1);
    let charge = services.charge(&seen["paymentId"]).await?;
    assert_eq!(charge["amount"], 9000.0);
    assert_eq!(
        services.taken_seats().await?,
        ["A1 BOOKED alice", "A2 BOOKED alice"]
    );
    Ok(())
}

#[tokio::test]
async fn an_order_for_taken_seats_is_recorded_as_failed() -> anyhow::Result<()> {
    let services = Services::start().await?;
    services.order("alice", &["A1"]).await?;
    let order = services.order("bob", &["A2", "A1"]).await?;
    assert_eq!(order.made.body["status"], "FAILED");
    assert_eq!(order.made.body["code"], "seat_taken");
    assert!(order.made.body["failureReason"].is_string());
    let seen = services.look_at(&order).await?;
    assert_eq!(seen["status"], "FAILED");
    assert_eq!(seen["failureReason"], order.made.body["failureReason"]);
    assert_eq!(services.taken_seats().await?, ["A1 RESERVED alice"]);
    for answer in [
        services.pay(&order, "12345").await?,
        services.change(&order, &["B1"]).await?,
        services.give_up(&order).await?,
    ] {
        assert_eq!(answer.summary(), "409 wrong_state");
    }
    Ok(())
}

#[tokio::test]
async fn invalid_fields_are_named() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let many: Vec<String> = (1..=101).map(|number| format!("A{number}")).collect();
    for (body, wrong) in [
        (json!({"seats": ["A1"]}), "400 /userId"),
        (json!({"userId": " ", "seats": ["A1"]}), "400 /userId"),
        (json!({"userId": "alice"}), "400 /seats"),
        (json!({"userId": "alice", "seats": []}), "400 /seats"),
        (
            json!({"userId": "alice", "seats": ["A1", "A1"]}),
            "400 /seats",
        ),
        (json!({"userId": "alice", "seats": ["1A"]}), "400 /seats/0"),
        (json!({"userId": "alice", "seats": ["Z9"]}), "400 /seats"),
        (json!({"userId": "alice", "seats": many}), "400 /seats"),
        (
            json!({"userId": "alice", "seats": ["A1"], "legs": [{"flight_id": 1, "seats": ["A1"]}]}),
            "400 /legs",
        ),
        (
            json!({"userId": "alice", "legs": [{"flight_id": AI101, "seats": ["A1"]}]}),
            "400 /legs/0/flight_id",
        ),
        (
            json!({"userId": "alice", "seats": ["A1"], "travelers": [
                {"given_name": "Asha", "family_name": "Rao"},
                {"given_name": "Ravi", "family_name": "Rao"},
            ]}),
            "400 /travelers",
        ),
    ] {
        let path = format!("/api/flights/{FLIGHT}/orders");
        let answer = services.bookings.post(&path, &body).await?;
        assert_eq!(answer.invalid(), wrong, "{body}: {}", answer.text);
    }
    let body = json!({"userId": "alice", "seats": ["A1"]});
    for flight in ["XX999", "999999", "not-a-flight"] {
        let path = format!("/api/flights/{flight}/orders");
        let answer = services.bookings.post(&path, &body).await?;
        assert_eq!(answer.summary(), "404 unknown_flight", "{flight}");
    }
    let unknown = "/api/orders/00000000-0000-0000-0000-000000000000";
    for path in [unknown, "/api/orders/abc", "/api/orders/77"] {
        assert_eq!(
            services.bookings.get(path).await?.summary(),
            "404 not_found"
        );
    }
    let order = services.order("alice", &["A1"]).await?;
    for code in ["1234", "123456", "1234a", ""] {
        let answer = services.pay(&order, code).await?;
        assert_eq!(answer.invalid(), "400 /paymentCode", "{code}");
    }
    assert_eq!(services.taken_seats().await?, ["A1 RESERVED alice"]);
    services.give_up(&order).await?;
    Ok(())
}

#[tokio::test]
async fn a_repeated_order_is_the_first_one() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let path = format!("/api/flights/{FLIGHT}/orders");
    let body = json!({"userId": "alice", "seats": ["C1"]});
    let send = async |body: &Value| {
        let request = services.bookings.request(reqwest::Method::POST, &path);
        let request = request.header("idempotency-key", "\"once\"").json(body);
        services.bookings.send(request).await
    };
    let first = send(&body).await?;
    let again = send(&body).await?;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert!(!first.is_replayed() && again.is_replayed());
    let other = send(&json!({"userId": "alice", "seats": ["C2"]})).await?;
    assert_eq!(other.summary(), "422 idempotency_key_reused");
    assert_eq!(services.taken_seats().await?, ["C1 RESERVED alice"]);
    Ok(())
}

#[tokio::test]
async fn travelers_are_kept_in_order() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let travelers = json!([
        {"given_name": "Zoë", "family_name": "O'Hara", "born_on": "1990-04-01"},
        {"given_name": "Asha", "family_name": "Rao", "document": "P1234567"},
    ]);
    let path = format!("/api/flights/{FLIGHT}/orders");
    let body = json!({"userId": "zoe", "seats": ["B1", "B2"], "travelers": travelers});
    let order = services.bookings.post(&path, &body).await?;
    let id = order.body["orderId"].as_str().unwrap_or_default();
    let seen = services.bookings.get(&format!("/api/orders/{id}")).await?;
    assert_eq!(seen.body["travelers"], travelers);

    let mut body = crate::services::booking_of(AI101, 2);
    body["travelers"] = travelers.clone();
    let booked = services.bookings.book(&body).await?;
    let seen = services
        .bookings
        .look(crate::services::id_of(&booked)?)
        .await?;
    assert_eq!(seen.body["travelers"], travelers);
    Ok(())
}

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_expires() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.bookings.hold_ttl = Duration::from_millis(300);
    })
    .await?;
    let order = services.order("alice", &["A1"]).await?;
    let seen = services.wait_for_status(&order, "EXPIRED").await?;
    assert_eq!(seen["timeRemaining"], 0);
    assert_eq!(seen["code"], "expired");
    assert_eq!(services.taken_seats().await?, [""; 0]);
    assert_eq!(
        services.pay(&order, "12345").await?.summary(),
        "410 order_expired"
    );
    assert_eq!(
        services.change(&order, &["B1"]).await?.summary(),
        "410 order_expired"
    );
    assert_eq!(services.give_up(&order).await?.summary(), "409 wrong_state");
    Ok(())
}

#[tokio::test]
async fn an_itinerary_is_ordered_all_or_nothing_and_its_seats_are_changed_by_flight()
-> anyhow::Result<()> {
    let services = Services::start().await?;
    let flight = json!({
        "flight_number": "ZZ900", "source": "MAA", "destination": "BLR",
        "departure_time": "2024-02-15T07:00:00Z", "arrival_time": "2024-02-15T08:00:00Z",
        "total_seats": 10, "price": 1000.0, "currency": "INR", "seat_map": "rows A-A, seats 1-10",
    });
    let added = services.flights.post("/api/flights", &flight).await?;
    let second = added.body["id"].as_i64().context("no id")?;
    // The flight number is found once the timetable is rebuilt.
    wait_until("the schedule has it", SOON, async || {
        let seats = services.bookings.get("/api/flights/ZZ900/seats").await;
        seats.is_ok_and(|seats| seats.status == 200)
    })
    .await?;
    let first = services
        .flights
        .get(&format!("/api/flights/{FLIGHT}"))
        .await?;
    let first = first.body["id"].as_i64().unwrap_or_default();
    let path = format!("/api/flights/{FLIGHT}/orders");
    let legs = |seat: &str| {
        json!({"userId": "alice", "legs": [
            {"flight_id": first, "seats": [seat]}, {"flight_id": second, "seats": [seat]},
        ]})
    };
    let order = services.bookings.post(&path, &legs("A1")).await?;
    assert_eq!(order.body["status"], "SEATS_RESERVED", "{}", order.text);
    assert_eq!(order.body["legs"], legs("A1")["legs"]);
    let id = order.body["orderId"].as_str().unwrap_or_default();

    // A2 is free on the first flight and taken on the second.
    let blocker = json!({"userId": "bob", "seats": ["A2"]});
    services
        .bookings
        .post("/api/flights/ZZ900/orders", &blocker)
        .await?;
    let refused = services.bookings.post(&path, &legs("A2")).await?;
    assert_eq!(refused.body["status"], "FAILED");
    assert_eq!(services.taken_seats().await?, ["A1 RESERVED alice"]);
    let change = format!("/api/orders/{id}/seats");
    let taken = services
        .bookings
        .post(&change, &json!({"legs": legs("A2")["legs"]}))
        .await?;
    assert_eq!(taken.summary(), "409 seat_taken");
    let changed = services
        .bookings
        .post(&change, &json!({"legs": legs("A3")["legs"]}))
        .await?;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(services.taken_seats().await?, ["A3 RESERVED alice"]);

    // Seats go to the flight that they are named for, in any order.
    let of = |flight: i64, seat: &str| json!({"flight_id": flight, "seats": [seat]});
    let named = json!({"legs": [of(second, "A5"), of(first, "B4")]});
    let changed = services.bookings.post(&change, &named).await?;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let seen = services.bookings.get(&format!("/api/orders/{id}")).await?;
    let expected = json!([of(first, "B4"), of(second, "A5")]);
    assert_eq!(seen.body["legs"], expected, "{}", seen.text);
    for (wrong, pointer) in [
        (
            json!([of(first, "A6"), of(1, "A6")]),
            "400 /legs/1/flight_id",
        ),
        (json!([of(first, "A6")]), "400 /legs"),
        (json!([of(first, "A6"), of(first, "A7")]), "400 /legs"),
        (
            json!([of(first, "A6"), of(second, "A6"), of(1, "A6")]),
            "400 /legs/2/flight_id",
        ),
    ] {
        let wrong = json!({"legs": wrong});
        let answer = services.bookings.post(&change, &wrong).await?;
        assert_eq!(answer.invalid(), pointer, "{wrong}");
    }
    let seats = services
        .bookings
        .post(&change, &json!({"seats": ["A6"]}))
        .await?;
    assert_eq!(seats.invalid(), "400 /legs");
    let seen = services.bookings.get(&format!("/api/orders/{id}")).await?;
    assert_eq!(seen.body["legs"], expected, "{}", seen.text);
    assert_eq!(seen.body["totalAmount"], 5500.0);
    Ok(())
}

#[tokio::test]
async fn orders_work_without_redis() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.redis.url = Some("redis://127.0.0.1:1".into());
    })
    .await?;
    let order = services.order("alice", &["A1"]).await?;
    assert_eq!(services.look_at(&order).await?["status"], "SEATS_RESERVED");
    assert_eq!(services.change(&order, &["B1"]).await?.status, 200);
    assert_eq!(services.look_at(&order).await?["seats"], json!(["B1"]));
    services.pay(&order, "12345").await?;
    services.wait_for_status(&order, "CONFIRMED").await?;
    let ready = services.bookings.get("/ready").await?;
    assert_eq!(ready.body["status"], "degraded");
    Ok(())
}
