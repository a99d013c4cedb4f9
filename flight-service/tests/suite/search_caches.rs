//! Caches of clients and replicas never serve stale search results.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use test_stack::{Servers, wait_until};

use crate::demo::numbers;
use crate::support::{AI101, AI103, DAY, TestService, seats_of};
use local_servers::database::connect;
use test_stack::caller::{Answer, Caller, SOON};

fn to_bombay() -> String {
    format!("/api/flights/search?source=DEL&destination=BOM&date={DAY}&seats=1")
}

const CALENDAR: &str = "/api/flights/calendar?source=DEL&destination=BOM&month=2024-02";

async fn get_unless(caller: &Caller, path: &str, tag: &str) -> anyhow::Result<Answer> {
    let request = caller
        .request(Method::GET, path)
        .header("if-none-match", tag);
    caller.send(request).await
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_answer_is_known_by_its_tag_until_a_seat_changes() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let search = to_bombay();
    let first = caller.get(&search).await?;
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    assert_eq!(tag(&first).len(), 34, "{}", tag(&first));
    let again = caller.get(&search).await?;
    assert_eq!((tag(&again), &again.text), (tag(&first), &first.text));
    let known = get_unless(caller, &search, &tag(&first)).await?;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    assert_eq!(
        (tag(&known), known.header("cache-control")),
        (tag(&first), Some("no-cache"))
    );

    caller.decrement(&seats_of(AI101, 1)).await?;
    let changed = get_unless(caller, &search, &tag(&first)).await?;
    assert_eq!(changed.status, 200);
    assert_eq!(
        changed.body["paths"][1]["flights"][0]["available_seats"],
        129
    );
    caller.increment(&seats_of(AI101, 1)).await?;
    let back = get_unless(caller, &search, &tag(&first)).await?;
    assert_eq!(back.status, 304, "the same seats are the same answer");
    Ok(())
}

#[tokio::test]
async fn a_calendar_is_known_by_its_tag_until_a_price_changes() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let first = caller.get(CALENDAR).await?;
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    assert_eq!(
        get_unless(caller, CALENDAR, &tag(&first)).await?.status,
        304
    );
    // The cheapest flight of the day is sold out.
    caller.decrement(&seats_of(AI103, 100)).await?;
    let changed = get_unless(caller, CALENDAR, &tag(&first)).await?;
    assert_eq!(
        (changed.status, &changed.body["days"][14]["price"]),
        (200, &json!(8500.0))
    );
    Ok(())
}

/// While many sell and search at once, no later request sees an older count.
#[tokio::test]
async fn a_kept_answer_is_never_behind_the_counts() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    for taken in 1..=50_i64 {
        let answer = caller.decrement(&seats_of(AI103, 1)).await?;
        assert_eq!(answer.body["available_seats"], 100 - taken);
        for _ in 0..2 {
            let found = caller.get(&to_bombay()).await?;
            let seats = &found.body["paths"][0]["flights"][0]["available_seats"];
            assert_eq!(seats, 100 - taken);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_thousand_equal_searches_have_one_answer() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mut searches = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let caller = caller.clone();
        searches.spawn(async move { caller.get(&to_bombay()).await });
    }
    let mut tags = std::collections::BTreeSet::new();
    while let Some(answer) = searches.join_next().await {
        let answer = answer??;
        assert_eq!(answer.status, 200);
        tags.insert(tag(&answer));
    }
    assert_eq!(tags.len(), 1);
    Ok(())
}

/// Number of the cheapest flight from Delhi to Bombay.
async fn cheapest(caller: &Caller) -> anyhow::Result<String> {
    let found = numbers(&caller.get(&to_bombay()).await?);
    Ok(found.first().cloned().unwrap_or_default())
}

async fn set_price(caller: &Caller, flight: i64, price: f64) -> anyhow::Result<()> {
    let path = format!("/api/flights/{flight}");
    let body = json!({"price": price});
    let changed = caller
        .send(caller.request(Method::PATCH, &path).json(&body))
        .await?;
    anyhow::ensure!(changed.status == 200, "{}", changed.text);
    Ok(())
}

/// Limit for a change to reach every replica.
const VISIBLE_WITHIN: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_change_is_announced_to_every_replica() -> anyhow::Result<()> {
    let never_polls = Duration::from_secs(3600);
    let service = TestService::start_with(|settings| {
        settings.schedule.poll_interval = never_polls;
    })
    .await?;
    let key_prefix = Servers::shared().await?.unique_key_prefix();
    let replica = service
        .replica_with(&key_prefix, |settings| {
            settings.schedule.poll_interval = never_polls;
        })
        .await?;
    let (one, other) = (&service.caller, &replica.caller);
    assert_eq!(
        (cheapest(one).await?, cheapest(other).await?),
        ("AI103".into(), "AI103".into())
    );

    let started = Instant::now();
    set_price(one, AI101, 1.0).await?;
    assert_eq!(cheapest(one).await?, "AI101");
    wait_until("the other replica sees the price", SOON, async || {
        cheapest(other).await.is_ok_and(|found| found == "AI101")
    })
    .await?;
    assert!(
        started.elapsed() < VISIBLE_WITHIN,
        "{:?}",
        started.elapsed()
    );

    // In both directions, and after the connections were cut: missed changes are loaded on reconnect.
    let sql = connect(service.database.url()).await?;
    let cut = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let listening: i64 = sql.query_one(cut, &[]).await?.get(0);
    assert_eq!(listening, 2);
    set_price(other, AI101, 9999.0).await?;
    wait_until(
        "both replicas listen and have read again",
        SOON,
        async || cheapest(one).await.is_ok_and(|found| found == "AI103"),
    )
    .await?;
    set_price(one, AI101, 2.0).await?;
    wait_until("the other replica sees the price again", SOON, async || {
        cheapest(other).await.is_ok_and(|found| found == "AI101")
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_change_that_nobody_announces_is_polled() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    assert_eq!(cheapest(&service.caller).await?, "AI103");
    let sql = connect(service.database.url()).await?;
    let started = Instant::now();
    sql.batch_execute(
        "UPDATE flights SET price_minor = 100 WHERE id = 1;
         UPDATE schedule_version SET version = version + 1",
    )
    .await?;
    wait_until("the poll finds it", SOON, async || {
        cheapest(&service.caller)
            .await
            .is_ok_and(|found| found == "AI101")
    })
    .await?;
    assert!(
        started.elapsed() < VISIBLE_WITHIN,
        "{:?}",
        started.elapsed()
    );
    Ok(())
}
