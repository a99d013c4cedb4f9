//! Departed flights, and the cost of following the schedule.

use std::time::Duration;

use domain::sale_rules::SalesPolicy;
use flight_service::app::schedule::Schedule;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::json;
use service_core::database;
use test_stack::{wait_for, wait_until};
use uuid::Uuid;

use crate::holds::{hold, hold_of};
use crate::support::{AI101, FL123, TestService, seats_of, settings};
use local_servers::database::connect;
use test_stack::caller::SOON;

/// Number of demo flights, which flew in 2024.
const DEMO: usize = 17;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The day after tomorrow, in UTC.
fn coming_day() -> Date {
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today.saturating_add(2.days())
}

#[tokio::test]
async fn departed_flights_are_looked_up_and_not_kept_in_memory() -> anyhow::Result<()> {
    let day = coming_day();
    let coming = format!("AI777,DEL,BOM,{day}T06:00:00Z,{day}T08:00:00Z,50,5000");
    let hour = Some(Duration::from_secs(3600));
    let service = TestService::start_with_flights(&coming, |settings| {
        settings.sales.close_before_departure = hour;
    })
    .await?;
    let caller = &service.caller;
    let database = database::pool(&settings(service.database.url())?.database, "test")?;
    for (close_before_start, flights) in [(None, DEMO + 1), (Some(HOUR), 1)] {
        let schedule = Schedule::load(&database, SalesPolicy { close_before_start }).await?;
        assert_eq!(schedule.timetable().len(), flights);
    }

    let search = format!("/api/flights/search?source=DEL&destination=BOM&date={day}&seats=1");
    assert_eq!(caller.get(&search).await?.body["count"], 1);
    let past = caller.get("/api/flights/FL123").await?;
    assert_eq!((past.status, &past.body["id"]), (200, &json!(FL123)));
    assert_eq!(past.body["status"], "departed");
    let map = caller.get("/api/flights/FL123/seats").await?;
    assert_eq!(map.body["seats"].as_array().map(Vec::len), Some(30));
    assert_eq!(caller.get("/api/flights/XX1").await?.status, 404);
    let ledger = caller.get(&format!("/api/flights/{AI101}/ledger")).await?;
    assert_eq!(ledger.status, 200);
    let late = hold(caller, &hold_of(Uuid::new_v4(), AI101, 1)).await?;
    assert_eq!(late.summary(), "409 sales_closed");
    let validated = caller
        .post("/api/flights/validate", &seats_of(AI101, 1))
        .await?;
    assert_eq!(validated.body["code"], "sales_closed", "{}", validated.text);
    Ok(())
}

#[tokio::test]
async fn following_the_counts_reads_no_table_whole() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.redis.enabled = false;
        settings.schedule.poll_interval = Duration::from_millis(20);
    })
    .await?;
    let sql = connect(service.database.url()).await?;
    let scans = async || -> anyhow::Result<(i64, i64)> {
        let query = "SELECT
            (SELECT idx_scan FROM pg_stat_user_indexes
             WHERE indexrelname = 'ledger_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') || '_entered_at_idx'),
            (SELECT sum(seq_scan)::bigint FROM pg_stat_user_tables
             WHERE relname = 'pools' OR relname LIKE 'ledger_2%')";
        let row = sql.query_one(query, &[]).await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    };
    wait_until("it is polled", SOON, async || {
        scans().await.is_ok_and(|(polls, _)| polls > 0)
    })
    .await?;
    let (polls, whole) = scans().await?;
    let now = wait_for("it is polled again and again", SOON, async || {
        let now = scans().await?;
        anyhow::ensure!(now.0 > polls + 20);
        Ok(now)
    })
    .await?;
    assert_eq!(now.1, whole);
    Ok(())
}
