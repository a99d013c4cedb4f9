//! Refused bookings: 400 with a code, and nothing is held or charged.

use serde_json::{Value, json};

use crate::databases::DAY;
use crate::services::{AI101, AI103, Services, booking_of, id_of};
use crate::sql::count;

/// Makes a booking that is refused, and checks that it left nothing behind.
async fn refused(services: &Services, body: &Value, code: &str) -> anyhow::Result<Value> {
    let (first, other) = (
        services.free_seats(AI101).await?,
        services.free_seats(AI103).await?,
    );
    let answer = services.bookings.book(body).await?;
    assert_eq!(answer.summary(), format!("400 {code}"), "{body}");
    assert_eq!(answer.body["status"], "failed", "{body}");
    assert!(answer.body["total_amount"].is_number(), "{body}");
    assert!(
        !answer.body["message"]
            .as_str()
            .unwrap_or_default()
            .is_empty(),
        "{body}"
    );
    assert_eq!(answer.body["payment_id"], Value::Null, "{body}");
    // Its end shows only when its seats are free again.
    assert_eq!(
        (
            services.free_seats(AI101).await?,
            services.free_seats(AI103).await?
        ),
        (first, other)
    );
    let seen = services.bookings.look(id_of(&answer)?).await?;
    assert_eq!(seen.body["status"], "failed", "{body}");
    assert_eq!(seen.body["code"], code, "{body}");
    assert_eq!(seen.body["message"], answer.body["message"], "{body}");
    Ok(answer.body)
}

#[tokio::test]
async fn unavailable_flights_and_seats_are_refused() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let answer = refused(&services, &booking_of(AI103, 101), "sold_out").await?;
    assert_eq!(answer["total_amount"], 0.0);
    refused(&services, &booking_of(AI103, 1_000_000), "sold_out").await?;
    refused(&services, &booking_of(999, 1), "unknown_flight").await?;
    refused(&services, &booking_of(-1, 1), "unknown_flight").await?;
    let wrong_date = json!({"user_id": 1, "flight_id": AI101, "seats": 1, "date": "2024-02-16"});
    refused(&services, &wrong_date, "wrong_date").await?;
    let charges = "SELECT count(*) FROM charges";
    assert_eq!(count(&services.databases.payments, charges).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_declined_payment_gives_the_seats_back() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.payments.mock.failure_rate = 1.0;
    })
    .await?;
    let answer = refused(&services, &booking_of(AI101, 2), "payment_failed").await?;
    assert_eq!(answer["total_amount"], 17000.0);
    refused(&services, &booking_of(AI103, 100), "payment_failed").await?;
    // One attempt each.
    let charges = "SELECT count(*) FROM charges WHERE status = 'failed'";
    assert_eq!(count(&services.databases.payments, charges).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_payment_that_timed_out_gives_the_seats_back() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.payments.mock.timeout_rate = 1.0;
    })
    .await?;
    refused(&services, &booking_of(AI101, 2), "payment_timeout").await?;
    let charges = "SELECT count(*) FROM charges WHERE status = 'timeout'";
    assert_eq!(count(&services.databases.payments, charges).await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_unknown_payment_type_fails() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let body = json!({"user_id": 1, "flight_id": AI101, "seats": 1, "date": DAY, "payment_type": "shells"});
    refused(&services, &body, "payment_failed").await?;
    Ok(())
}

#[tokio::test]
async fn sales_close_before_departure() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        let hour = std::time::Duration::from_secs(3600);
        settings.flights.sales.close_before_departure = Some(hour);
    })
    .await?;
    refused(&services, &booking_of(AI101, 1), "sales_closed").await?;
    Ok(())
}
