//! Event tickets: booked, paid through the queue, listed, cancelled.

use serde_json::{Value, json};

use crate::events::id_in;
use crate::services::Services;
use crate::sql::count;

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

#[tokio::test]
async fn a_booking_is_pending_then_confirmed_then_cancelled() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(10).await?;
    let booked = services.book_tickets(&show, 2).await?;
    assert_eq!(booked.status, 201, "{}", booked.text);
    for (field, value) in [
        ("user_id", json!(show.user)),
        ("event_id", json!(show.event)),
        ("quantity", json!(2)),
        ("status", json!("PENDING")),
        ("total_amount", json!(151.0)),
        ("currency", json!("USD")),
    ] {
        assert_eq!(booked.body[field], value, "{field}");
    }
    let time = |field: &str| -> anyhow::Result<jiff::Timestamp> {
        Ok(booked.body[field].as_str().unwrap_or_default().parse()?)
    };
    assert_eq!(time("created_at")?, time("updated_at")?);
    let patience = time("payment_deadline")?.duration_since(time("created_at")?);
    assert_eq!(patience.as_secs(), 15 * 60);
    let id = id_in(&booked)?;
    assert_eq!(
        booked.header("location"),
        Some(format!("/api/v1/bookings/{id}").as_str())
    );
    assert_eq!(services.statistics(&show).await?[2], 8.0);

    let paid = services.tickets_are(&id, "CONFIRMED").await?;
    assert_eq!(paid.body["created_at"], booked.body["created_at"]);
    assert_eq!(services.statistics(&show).await?, [2.0, 151.0, 8.0]);
    let path = format!("/api/v1/users/{}", show.user);
    let delete = services.bookings.request(reqwest::Method::DELETE, &path);
    let refused = services.bookings.send(delete).await?;
    assert_eq!(refused.summary(), "409 user_has_bookings");

    let cancelled = services.cancel_tickets(&id).await?;
    assert_eq!(cancelled.status, 200, "{}", cancelled.text);
    assert!(cancelled.body["message"].is_string());
    assert_eq!(
        services.look_at_tickets(&id).await?.body["status"],
        "CANCELLED"
    );
    assert_eq!(services.statistics(&show).await?, [0.0, 0.0, 10.0]);
    assert_eq!(
        services.cancel_tickets(&id).await?.summary(),
        "409 wrong_state"
    );
    let refunded = "SELECT sum(refunded_minor)::bigint FROM charges";
    assert_eq!(count(&services.databases.payments, refunded).await?, 15100);
    let delete = services.bookings.request(reqwest::Method::DELETE, &path);
    assert_eq!(services.bookings.send(delete).await?.status, 204);
    // The user's bookings stay.
    assert_eq!(services.look_at_tickets(&id).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn unbookable_tickets_are_refused_with_a_code() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(3).await?;
    let body = |field: &str, value: Value| {
        let mut body = json!({"user_id": show.user, "event_id": show.event, "quantity": 1});
        body[field] = value;
        body
    };
    for (body, refusal) in [
        (body("quantity", json!(4)), "409 sold_out"),
        (body("user_id", json!(NOBODY)), "404 unknown_user"),
        (body("event_id", json!(NOBODY)), "404 unknown_event"),
        (body("voucher", json!("NONE")), "404 unknown_voucher"),
    ] {
        let refused = services.bookings.post("/api/v1/bookings", &body).await?;
        assert_eq!(refused.summary(), refusal, "{body}");
    }
    for (field, value) in [
        ("quantity", json!(0)),
        ("quantity", json!(-1)),
        ("quantity", json!(1.5)),
        ("quantity", json!(1_000_001)),
        ("quantity", Value::Null),
        ("user_id", json!(7)),
        ("user_id", json!("seven")),
        ("event_id", Value::Null),
        ("voucher", json!("A B")),
    ] {
        let body = body(field, value);
        let refused = services.bookings.post("/api/v1/bookings", &body).await?;
        assert_eq!(refused.invalid(), format!("400 /{field}"), "{body}");
    }
    let unknown = services.look_at_tickets(NOBODY).await?;
    assert_eq!(unknown.summary(), "404 not_found");
    assert_eq!(services.look_at_tickets("seven").await?.status, 404);
    assert_eq!(services.cancel_tickets(NOBODY).await?.status, 404);
    assert_eq!(services.statistics(&show).await?, [0.0, 0.0, 3.0]);
    Ok(())
}

#[tokio::test]
async fn tickets_are_sold_only_within_the_sales_window() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for window in [
        json!({"sales_start": "2030-01-01T00:00:00Z"}),
        json!({"sales_end": "2020-01-01T00:00:00Z"}),
        json!({"date_time": "2020-01-01T00:00:00Z"}),
    ] {
        let event = services.show_event(3, &window).await?;
        let user = services.user(&format!("u{event}")).await?;
        let body = json!({"user_id": user, "event_id": event, "quantity": 1});
        let refused = services.bookings.post("/api/v1/bookings", &body).await?;
        assert_eq!(refused.summary(), "409 sales_closed", "{window}");
    }
    Ok(())
}

#[tokio::test]
async fn a_booking_keeps_its_price_and_free_tickets_are_not_charged() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(10).await?;
    let dear = id_in(&services.book_tickets(&show, 1).await?)?;
    let path = format!("/api/v1/events/{}", show.event);
    let free = services.bookings.request(reqwest::Method::PUT, &path);
    let free = free.json(&json!({"ticket_price": 0}));
    assert_eq!(services.bookings.send(free).await?.status, 200);
    let gift = services.book_tickets(&show, 3).await?;
    assert_eq!(gift.body["status"], "CONFIRMED");
    assert_eq!(gift.body["total_amount"], 0.0);
    let dear = services.tickets_are(&dear, "CONFIRMED").await?;
    assert_eq!(dear.body["total_amount"], 75.5);
    assert_eq!(services.statistics(&show).await?, [4.0, 75.5, 6.0]);
    let charges = count(&services.databases.payments, "SELECT count(*) FROM charges");
    assert_eq!(charges.await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_users_bookings_are_a_bare_list_newest_first() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(10).await?;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.insert(0, id_in(&services.book_tickets(&show, 1).await?)?);
    }
    for id in &ids {
        services.tickets_are(id, "CONFIRMED").await?;
    }
    let path = format!("/api/v1/bookings/user/{}", show.user);
    let list = services.bookings.get(&format!("{path}?limit=2")).await?;
    let seen = |answer: &test_stack::caller::Answer| -> Vec<String> {
        let rows = answer.body.as_array().cloned().unwrap_or_default();
        let ids = rows.iter().filter_map(|row| row["id"].as_str());
        ids.map(ToOwned::to_owned).collect()
    };
    assert_eq!(seen(&list), ids[..2], "{}", list.text);
    let next = list.header("link").unwrap_or_default();
    let next = next.trim_start_matches('<').split('>').next();
    let rest = services.bookings.get(next.unwrap_or_default()).await?;
    assert_eq!(seen(&rest), ids[2..]);
    let nobody = format!("/api/v1/bookings/user/{NOBODY}");
    assert_eq!(services.bookings.get(&nobody).await?.body, json!([]));
    Ok(())
}

#[tokio::test]
async fn a_key_books_once() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(100).await?;
    let body = json!({"user_id": show.user, "event_id": show.event, "quantity": 2});
    let send = async |body: &Value| {
        let request = services
            .bookings
            .request(reqwest::Method::POST, "/api/v1/bookings");
        let request = request.header("idempotency-key", "k1").json(body);
        services.bookings.send(request).await
    };
    let answers = futures_util::future::join_all((0..50).map(|_| send(&body))).await;
    let mut ids = Vec::new();
    for answer in answers {
        let answer = answer?;
        assert_eq!(answer.status, 201, "{}", answer.text);
        ids.push(id_in(&answer)?);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let mut other = body.clone();
    other["quantity"] = json!(3);
    assert_eq!(send(&other).await?.summary(), "422 idempotency_key_reused");
    services.tickets_are(&ids[0], "CONFIRMED").await?;
    assert!(send(&body).await?.is_replayed());
    assert_eq!(services.statistics(&show).await?, [2.0, 151.0, 98.0]);
    Ok(())
}
