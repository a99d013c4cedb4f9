//! Invalid bookings are refused with the field's name, and leave nothing behind.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::services::{AI101, Services, booking_of};
use crate::sql::count;

const BOOKINGS: &str = "/api/bookings";

/// A valid booking with one field replaced.
fn with(field: &str, value: Value) -> Value {
    let mut body = booking_of(AI101, 1);
    body[field] = value;
    body
}

/// A valid booking without one field.
fn without(field: &str) -> Value {
    let mut body = booking_of(AI101, 1);
    if let Some(fields) = body.as_object_mut() {
        fields.remove(field);
    }
    body
}

#[tokio::test]
async fn a_wrong_field_is_named() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let itinerary = |flights: Value| {
        let mut body = without("flight_id");
        body["flight_ids"] = flights;
        body
    };
    for (body, invalid) in [
        (without("user_id"), "400 /user_id"),
        (without("flight_id"), "400 /flight_id"),
        (without("seats"), "400 /seats"),
        (without("date"), "400 /date"),
        (with("user_id", json!("alice")), "400 /user_id"),
        (with("user_id", Value::Null), "400 /user_id"),
        (with("flight_id", json!("AI101")), "400 /flight_id"),
        (with("flight_ids", json!([2])), "400 /flight_ids"),
        (itinerary(json!([])), "400 /flight_id"),
        (itinerary(json!([1, "2"])), "400 /flight_ids/1"),
        (with("seats", json!(0)), "400 /seats"),
        (with("seats", json!(-1)), "400 /seats"),
        (with("seats", json!(1e9)), "400 /seats"),
        (with("seats", json!(1_000_000_000)), "400 /seats"),
        (with("seats", json!(1.5)), "400 /seats"),
        (with("seats", json!("two")), "400 /seats"),
        (with("date", json!("2024-02-30")), "400 /date"),
        (with("date", json!("15.02.2024")), "400 /date"),
        (with("date", json!("-009999-01-01")), "400 /date"),
        (with("payment_type", json!("")), "400 /payment_type"),
        (
            with("payment_type", json!("p".repeat(65))),
            "400 /payment_type",
        ),
        (with("payment_type", json!("a\u{0}b")), "400 /payment_type"),
        (with("payment_type", json!("a\nb")), "400 /payment_type"),
        (with("payment_type", json!(1)), "400 /payment_type"),
        (
            with("expected_total", json!("17000")),
            "400 /expected_total",
        ),
        (
            with("expected_total", json!(0.00001)),
            "400 /expected_total",
        ),
        (with("expected_total", json!(1e300)), "400 /expected_total"),
    ] {
        let answer = services.bookings.book(&body).await?;
        assert_eq!(answer.invalid(), invalid, "{body}");
        assert_eq!(answer.summary(), "400 invalid_request", "{body}");
    }
    let bookings = "SELECT count(*) FROM bookings";
    assert_eq!(count(&services.databases.bookings, bookings).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_no_booking_is_refused() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let caller = &services.bookings;
    for body in ["", "{", "seats=1", "{} {}", "\u{feff}{}"] {
        let answer = caller.post_text(BOOKINGS, body).await?;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
    }
    for body in ["null", "[]", "7", "\"book\""] {
        let answer = caller.post_text(BOOKINGS, body).await?;
        assert_eq!(answer.summary(), "400 invalid_request", "{body}");
    }
    let large = caller
        .post_text(BOOKINGS, " ".repeat(5 * 1024 * 1024))
        .await?;
    assert_eq!(large.summary(), "413 too_large");
    let request = caller.request(Method::POST, BOOKINGS);
    let text = request.header(CONTENT_TYPE, "text/plain").body("book");
    assert_eq!(
        caller.send(text).await?.summary(),
        "415 unsupported_media_type"
    );
    Ok(())
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for caller in [&services.bookings, &services.payments] {
        for path in [
            "/nowhere/",
            "/nowhere",
            "/api/flights/search",
            "/api/booking",
        ] {
            let answer = caller.get(path).await?;
            assert_eq!(answer.summary(), "404 not_found", "{path}");
        }
    }
    let caller = &services.bookings;
    for (method, path, allow) in [
        (Method::DELETE, BOOKINGS, "POST"),
        (Method::POST, "/api/bookings/1", "GET"),
        (Method::POST, "/api/bookings/1/cancel", "PUT"),
        (Method::GET, "/api/bookings/1/cancel", "PUT"),
    ] {
        let answer = caller.send(caller.request(method, path)).await?;
        assert_eq!(answer.summary(), "405 method_not_allowed", "{path}");
        let allowed = answer.header("allow").unwrap_or_default();
        assert!(
            allowed.split(", ").any(|method| method == allow),
            "{path}: {allowed}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn fields_at_their_limits() -> anyhow::Result<()> {
    let services = Services::start().await?;
    for (body, summary) in [
        (with("user_id", json!(i64::MAX)), "200 -"),
        (with("user_id", json!(-1)), "200 -"),
        (with("date", json!("9999-12-31")), "400 wrong_date"),
        (with("date", json!("0001-01-01")), "400 wrong_date"),
        (
            with("payment_type", json!("é".repeat(64))),
            "400 payment_failed",
        ),
        (with("flight_id", json!(i64::MAX)), "400 unknown_flight"),
        (with("flight_id", json!(i64::MIN)), "400 unknown_flight"),
        (with("expected_total", json!(-8500)), "409 price_changed"),
        (
            with("more", json!({"than": "asked"})),
            "400 invalid_request",
        ),
    ] {
        let answer = services.bookings.book(&body).await?;
        assert_eq!(answer.summary(), summary, "{body}");
    }
    Ok(())
}
