//! Simple orders, lists of bookings, and ending all bookings of a flight.

use local_servers::service::Service;
use serde_json::{Value, json};

use crate::services::{AI101, AI103, Services, booking_of};
use crate::sql::connect;
use test_stack::caller::Answer;

async fn order(services: &Services, flight: i64, seats: i64) -> anyhow::Result<Answer> {
    let body = json!({"flight_id": flight, "customer_id": 7, "seats": seats});
    services.bookings.post("/api/orders", &body).await
}

#[tokio::test]
async fn a_simple_order_is_complete_when_accepted() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let made = order(&services, AI103, 2).await?;
    assert_eq!(made.status, 201, "{}", made.text);
    for (field, value) in [
        ("flight_id", json!(AI103)),
        ("customer_id", json!(7)),
        ("seats", json!(2)),
        ("total_amount", json!(15600.0)),
        ("status", json!("confirmed")),
    ] {
        assert_eq!(made.body[field], value, "{field}");
    }
    assert!(made.body["created_at"].is_string());
    let id = made.body["id"].as_i64().unwrap_or_default();
    let seen = services.bookings.get(&format!("/api/orders/{id}")).await?;
    assert_eq!(seen.body, made.body);
    assert_eq!(services.free_seats(AI103).await?, 98);
    assert_eq!(order(&services, AI103, 99).await?.summary(), "409 sold_out");
    assert_eq!(
        order(&services, 999, 1).await?.summary(),
        "404 unknown_flight"
    );
    for (body, wrong) in [
        (json!({"customer_id": 7, "seats": 1}), "400 /flight_id"),
        (json!({"flight_id": 1, "seats": 1}), "400 /customer_id"),
        (
            json!({"flight_id": 1, "customer_id": 7, "seats": 0}),
            "400 /seats",
        ),
    ] {
        let answer = services.bookings.post("/api/orders", &body).await?;
        assert_eq!(answer.invalid(), wrong);
    }
    Ok(())
}

#[tokio::test]
async fn a_users_bookings_are_listed_newest_first() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for _ in 0..5 {
        services.bookings.book(&booking_of(AI101, 1)).await?;
    }
    let list = async |query: &str| {
        let path = format!("/api/bookings?user_id=1{query}");
        services.bookings.get(&path).await
    };
    let ids = |answer: &Answer| -> Vec<i64> {
        let data = answer.body["data"].as_array().cloned().unwrap_or_default();
        data.iter().filter_map(|one| one["id"].as_i64()).collect()
    };
    let first = list("&limit=2").await?;
    assert_eq!(ids(&first), [5, 4]);
    assert_eq!(
        first.body["meta"],
        json!({"after": "4", "before": null, "limit": 2})
    );
    let second = list("&limit=2&after=4").await?;
    assert_eq!(ids(&second), [3, 2]);
    let last = list("&limit=2&after=2").await?;
    assert_eq!(ids(&last), [1]);
    assert_eq!(
        last.body["meta"],
        json!({"after": null, "before": "1", "limit": 2})
    );
    let back = list("&limit=2&before=1").await?;
    assert_eq!(ids(&back), [3, 2]);
    assert_eq!(back.body["meta"]["before"], "3");
    assert_eq!(ids(&list("").await?), [5, 4, 3, 2, 1]);
    let nobody = services.bookings.get("/api/bookings?user_id=2").await?;
    assert_eq!(ids(&nobody), [0; 0]);
    for (query, wrong) in [
        ("?limit=2", "400 /user_id"),
        ("?user_id=x", "400 /user_id"),
        ("?user_id=1&limit=0", "400 /limit"),
        ("?user_id=1&limit=201", "400 /limit"),
        ("?user_id=1&after=x", "400 /after"),
        ("?user_id=1&after=1&before=2", "400 /before"),
    ] {
        let answer = services
            .bookings
            .get(&format!("/api/bookings{query}"))
            .await?;
        assert_eq!(answer.invalid(), wrong, "{query}");
    }
    Ok(())
}

async fn admin(services: &Services, flight: &str, what: &str) -> anyhow::Result<Answer> {
    let path = format!("/api/admin/flights/{flight}/{what}");
    services.bookings.post(&path, &Value::Null).await
}

#[tokio::test]
async fn a_reset_ends_every_booking_of_a_flight() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let booked = services.bookings.book(&booking_of(AI103, 3)).await?;
    order(&services, AI103, 2).await?;
    let elsewhere = services.bookings.book(&booking_of(AI101, 1)).await?;
    let chosen = services.order("alice", &["A1"]).await?;
    let paid = services.order("bob", &["B1"]).await?;
    services.pay(&paid, "12345").await?;
    services.wait_for_status(&paid, "CONFIRMED").await?;

    let reset = admin(&services, &AI103.to_string(), "reset").await?;
    assert_eq!(reset.status, 200, "{}", reset.text);
    assert!(reset.body["message"].is_string());
    assert_eq!(services.free_seats(AI103).await?, 100);
    let charge = services.charge(&booked.body["payment_id"]).await?;
    assert_eq!(charge["refunded"], charge["amount"]);
    let charge = services.charge(&elsewhere.body["payment_id"]).await?;
    assert_eq!(charge["refunded"], 0.0);

    assert_eq!(admin(&services, "FL123", "reset").await?.status, 200);
    assert_eq!(services.look_at(&chosen).await?["status"], "CANCELLED");
    assert_eq!(services.look_at(&paid).await?["status"], "CANCELLED");
    assert_eq!(services.taken_seats().await?, [""; 0]);
    assert_eq!(admin(&services, "FL123", "reset").await?.status, 200);
    assert_eq!(
        admin(&services, "XX999", "reset").await?.summary(),
        "404 unknown_flight"
    );
    Ok(())
}

/// As many ended bookings as one query for live ones returns, with refunds pending.
const TO_BE_REFUNDED: &str = "
    WITH ended AS (
        INSERT INTO bookings (channel, user_ref, flight_ref, payment_type, state, public_status, attempt, money_task,
            hold_id, request_digest, deadline_at, next_step_at)
        SELECT 'count', '1', '3', 'credit_card', 'cancelled', 'cancelled', 1, 'reverse',
            gen_random_uuid(), '', now(), now() + INTERVAL '1 day'
        FROM generate_series(1, 500)
        RETURNING id
    )
    INSERT INTO booking_legs SELECT id, 0, 3, 1, '{}' FROM ended";

#[tokio::test]
async fn a_reset_finds_live_bookings_behind_those_to_be_refunded() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let sql = connect(&services.databases.bookings).await?;
    sql.batch_execute(TO_BE_REFUNDED).await?;
    services.bookings.book(&booking_of(AI103, 3)).await?;
    let reset = admin(&services, &AI103.to_string(), "reset").await?;
    assert_eq!(reset.status, 200, "{}", reset.text);
    assert_eq!(services.free_seats(AI103).await?, 100);
    sql.batch_execute(
        "DELETE FROM booking_legs WHERE booking_id <= 500; DELETE FROM bookings WHERE id <= 500",
    )
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_reset_says_when_seats_are_not_free_yet() -> anyhow::Result<()> {
    let mut services = Services::start().await?;
    let booked = services.bookings.book(&booking_of(AI103, 3)).await?;
    services.stop_service(Service::Flight).await?;
    let reset = admin(&services, &AI103.to_string(), "reset").await?;
    assert_eq!(reset.status, 503, "{}", reset.text);
    let path = format!("/api/bookings/{}", booked.body["booking_id"]);
    assert_eq!(
        services.bookings.get(&path).await?.body["status"],
        "confirmed"
    );
    services.start_service(Service::Flight).await?;
    Ok(())
}

#[tokio::test]
async fn cancelling_a_flight_cancels_its_bookings() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let booked = services.bookings.book(&booking_of(AI103, 3)).await?;
    let cancelled = admin(&services, &AI103.to_string(), "cancel").await?;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    let seen = services
        .bookings
        .look(crate::services::id_of(&booked)?)
        .await?;
    assert_eq!(seen.body["status"], "cancelled");
    let charge = services.charge(&booked.body["payment_id"]).await?;
    assert_eq!(charge["refunded"], charge["amount"]);
    let flight = services
        .flights
        .get(&format!("/api/flights/{AI103}"))
        .await?;
    assert_eq!(flight.body["status"], "cancelled");
    assert_eq!(
        services
            .bookings
            .book(&booking_of(AI103, 1))
            .await?
            .summary(),
        "400 sales_closed"
    );
    Ok(())
}
