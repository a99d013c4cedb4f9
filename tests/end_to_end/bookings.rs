//! Bookings by count: made and shown.

use serde_json::{Value, json};

use crate::databases::DAY;
use crate::services::{AI101, AI103, Services, booking_of, id_of};

#[tokio::test]
async fn seats_are_booked_and_paid() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let booked = services.bookings.book(&booking_of(AI101, 2)).await?;
    assert_eq!(booked.status, 200, "{}", booked.text);
    assert_eq!(booked.body["booking_id"], 1);
    assert_eq!(booked.body["status"], "confirmed");
    assert_eq!(booked.body["total_amount"], 17000.0);
    assert_eq!(booked.body["currency"], "INR");
    assert!(booked.body["message"].is_string());
    assert_eq!(services.free_seats(AI101).await?, 128);

    let charge = services.charge(&booked.body["payment_id"]).await?;
    assert_eq!(charge["status"], "success");
    assert_eq!(charge["amount"], 17000.0);
    assert_eq!(charge["refunded"], 0.0);
    assert_eq!(charge["booking_id"], 1);
    Ok(())
}

#[tokio::test]
async fn a_booking_is_shown() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let body =
        json!({"user_id": 7, "flight_id": AI103, "seats": 3, "date": DAY, "payment_type": "upi"});
    let booked = services.bookings.book(&body).await?;
    let seen = services.bookings.look(id_of(&booked)?).await?;
    assert_eq!(seen.status, 200);
    for (field, value) in [
        ("id", json!(1)),
        ("user_id", json!(7)),
        ("flight_id", json!(AI103)),
        ("flight_ids", json!([AI103])),
        ("seats", json!(3)),
        ("total_amount", json!(23400.0)),
        ("currency", json!("INR")),
        ("status", json!("confirmed")),
        ("payment_id", booked.body["payment_id"].clone()),
        ("date", json!(DAY)),
        ("code", Value::Null),
    ] {
        assert_eq!(seen.body[field], value, "{field}");
    }
    assert!(seen.body["created_at"].is_string());
    assert_eq!(seen.body["flight"]["flight_number"], "AI103");
    assert_eq!(seen.body["flight"]["available_seats"], 97);
    Ok(())
}

#[tokio::test]
async fn an_unknown_booking_is_not_found() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for id in ["1", "0", "-1", "abc", "9223372036854775808"] {
        let answer = services
            .bookings
            .get(&format!("/api/bookings/{id}"))
            .await?;
        assert_eq!(answer.summary(), "404 not_found", "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn a_free_booking_is_not_charged() -> anyhow::Result<()> {
    let rows = "XX1,GOI,DEL,2024-02-15T04:00:00Z,2024-02-15T08:00:00Z,5,0.00,INR";
    let services = Services::start_with_flights(rows).await?;
    let booked = services.bookings.book(&booking_of(18, 5)).await?;
    assert_eq!(booked.summary(), "200 -");
    assert_eq!(booked.body["total_amount"], 0.0);
    assert_eq!(booked.body["payment_id"], Value::Null);
    assert_eq!(services.free_seats(18).await?, 0);
    assert_eq!(services.bookings.cancel(1).await?.status, 200);
    assert_eq!(services.free_seats(18).await?, 5);
    Ok(())
}

#[tokio::test]
async fn the_expected_total_is_checked() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let mut body = booking_of(AI101, 2);
    for (expected, summary) in [
        (json!(16999.99), "409 price_changed"),
        (json!(8500), "409 price_changed"),
        (json!(0), "409 price_changed"),
        (json!(17000), "200 -"),
        (json!(17000.0), "200 -"),
    ] {
        body["expected_total"] = expected.clone();
        let answer = services.bookings.book(&body).await?;
        assert_eq!(answer.summary(), summary, "{expected}");
    }
    assert_eq!(services.free_seats(AI101).await?, 126);
    Ok(())
}
