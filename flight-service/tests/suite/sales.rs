//! Sales end before departure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::holds::{hold, hold_of};
use crate::support::{AI101, AI103, DAY, TestService, seats_of};

const HOUR: Duration = Duration::from_secs(3600);

/// A flight from GOI to DEL that departs in some minutes, and its local date.
fn departing_in(minutes: i64) -> anyhow::Result<(String, String)> {
    let departure = Timestamp::now()
        .checked_add(SignedDuration::from_mins(minutes))?
        .round(Unit::Second)?;
    let arrival = departure.checked_add(SignedDuration::from_hours(2))?;
    let date = departure.in_tz("Asia/Kolkata")?.date().to_string();
    Ok((format!("XX1,GOI,DEL,{departure},{arrival},50,100.00"), date))
}

#[tokio::test]
async fn a_flight_of_the_past_is_not_sold() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.sales.close_before_departure = Some(HOUR);
    })
    .await?;
    let caller = &service.caller;
    let flight = caller.get("/api/flights/1").await?;
    assert_eq!(flight.body["status"], "departed");
    let query = format!("source=DEL&destination=BOM&date={DAY}&seats=1");
    assert_eq!(caller.search(&query).await?.body["count"], 0);
    let validation = caller
        .post("/api/flights/validate", &seats_of(AI101, 1))
        .await?;
    assert_eq!(validation.status, 200);
    assert_eq!(validation.body["valid"], false);
    assert_eq!(validation.body["code"], "sales_closed");
    let refused = caller.decrement(&seats_of(AI101, 1)).await?;
    assert_eq!(refused.summary(), "409 sales_closed");
    let refused = hold(caller, &hold_of(Uuid::new_v4(), AI101, 1)).await?;
    assert_eq!(refused.summary(), "409 sales_closed");
    // Seats may still be returned.
    assert_eq!(caller.increment(&seats_of(AI103, 1)).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn sales_close_an_hour_before_departure() -> anyhow::Result<()> {
    for (minutes, status) in [(59, "closed"), (75, "scheduled")] {
        let (row, date) = departing_in(minutes)?;
        let service = TestService::start_with_flights(&row, |settings| {
            settings.sales.close_before_departure = Some(HOUR);
        })
        .await?;
        let caller = &service.caller;
        let sells = status == "scheduled";
        let flight = caller.get("/api/flights/18").await?;
        assert_eq!(flight.body["status"], status);
        let query = format!("source=GOI&destination=DEL&date={date}&seats=1");
        let found = caller.search(&query).await?;
        assert_eq!(found.body["count"], i32::from(sells), "{minutes}");
        let body: Value = json!({"flight_id": 18, "seats": 1, "date": date});
        let validation = caller.post("/api/flights/validate", &body).await?;
        assert_eq!(validation.body["valid"], sells, "{minutes}");
        let taken = caller.decrement(&body).await?;
        let expected = if sells { "200 -" } else { "409 sales_closed" };
        assert_eq!(taken.summary(), expected, "{minutes}");
    }
    Ok(())
}
