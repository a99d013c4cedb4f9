//! The search caches' metrics, and what the caches save. Metrics are global to the process, so these tests
//! are a binary of their own and run one after the other.

#![cfg(test)]

#[path = "suite/support.rs"]
#[expect(dead_code, reason = "the suite uses the rest")]
mod support;

use anyhow::ensure;
use serde_json::json;
use test_stack::{Servers, wait_until};

use crate::support::{AI101, AI103, DAY, TestService, seats_of};
use test_stack::caller::{Caller, SOON};

/// All counters, in the order of the assertions below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    page_hits: u64,
    memory_hits: u64,
    redis_hits: u64,
    redis_misses: u64,
    loads: u64,
}

async fn counts(caller: &Caller) -> anyhow::Result<Counts> {
    let text = caller.get("/metrics").await?.text;
    let count = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().parse().ok()).unwrap_or(0)
    };
    Ok(Counts {
        page_hits: count("flight_search_cache_hits_total{cache=\"page\"}"),
        memory_hits: count("flight_search_cache_hits_total{cache=\"memory\"}"),
        redis_hits: count("flight_search_cache_hits_total{cache=\"redis\"}"),
        redis_misses: count("flight_search_cache_misses_total{cache=\"redis\"}"),
        loads: count("flight_search_loads_total"),
    })
}

/// What the counters gained while something was done.
async fn counted(
    caller: &Caller,
    done: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<[u64; 5]> {
    let before = counts(caller).await?;
    done.await?;
    let after = counts(caller).await?;
    Ok([
        after.page_hits - before.page_hits,
        after.memory_hits - before.memory_hits,
        after.redis_hits - before.redis_hits,
        after.redis_misses - before.redis_misses,
        after.loads - before.loads,
    ])
}

async fn search(caller: &Caller, more: &str) -> anyhow::Result<()> {
    let path = format!("/api/flights/search?source=DEL&destination=BOM&date={DAY}&seats=1{more}");
    let answer = caller.get(&path).await?;
    ensure!(answer.status == 200, "{}", answer.text);
    Ok(())
}

async fn set_price(caller: &Caller, price: f64) -> anyhow::Result<()> {
    let request = caller.request(reqwest::Method::PATCH, "/api/flights/1");
    let changed = caller.send(request.json(&json!({"price": price}))).await?;
    ensure!(changed.status == 200, "{}", changed.text);
    Ok(())
}

#[tokio::test]
async fn caches_count_what_they_spare() -> anyhow::Result<()> {
    a_page_is_kept_until_a_seat_changes().await?;
    a_thousand_searches_compute_once().await?;
    replicas_share_what_they_found().await?;
    a_redis_that_is_away_or_silent_is_not_waited_for().await
}

async fn a_page_is_kept_until_a_seat_changes() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    assert_eq!(counted(caller, search(caller, "")).await?, [0, 0, 0, 0, 1]);
    assert_eq!(counted(caller, search(caller, "")).await?, [1, 0, 0, 0, 0]);
    // A query of other limits over the same candidates is answered from memory.
    assert_eq!(
        counted(caller, search(caller, "&limit=2")).await?,
        [0, 1, 0, 0, 0]
    );
    caller.decrement(&seats_of(AI103, 1)).await?;
    assert_eq!(counted(caller, search(caller, "")).await?, [0, 1, 0, 0, 0]);
    assert_eq!(counted(caller, search(caller, "")).await?, [1, 0, 0, 0, 0]);
    // An unrelated flight does not matter.
    caller.decrement(&seats_of(17, 1)).await?;
    assert_eq!(counted(caller, search(caller, "")).await?, [1, 0, 0, 0, 0]);
    set_price(caller, 8501.0).await?;
    assert_eq!(counted(caller, search(caller, "")).await?, [0, 0, 0, 0, 1]);
    // Failures are not cached.
    let wrong = "/api/flights/search?source=DEL&destination=XXX&date=2024-02-15&seats=1";
    let ask_twice = async {
        for _ in 0..2 {
            let answer = caller.get(wrong).await?;
            ensure!(answer.invalid() == "400 /destination", "{}", answer.text);
        }
        Ok(())
    };
    assert_eq!(counted(caller, ask_twice).await?, [0, 0, 0, 0, 2]);
    Ok(())
}

async fn a_thousand_searches_compute_once() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| {
        settings.http.workers = 4;
        settings.search.page_cache_bytes = 0;
    })
    .await?;
    let caller = &service.caller;
    let crowd = async {
        let mut searches = tokio::task::JoinSet::new();
        for _ in 0..1_000 {
            let caller = caller.clone();
            searches.spawn(async move { search(&caller, "").await });
        }
        searches.join_all().await.into_iter().collect()
    };
    let [pages, _, _, _, loads] = counted(caller, crowd).await?;
    assert_eq!((pages, loads), (0, 1));
    Ok(())
}

async fn replicas_share_what_they_found() -> anyhow::Result<()> {
    let key_prefix = Servers::shared().await?.unique_key_prefix();
    let service = TestService::start_with(|settings| {
        settings.search.redis_cache = true;
        settings.search.redis_timeout = SOON;
        settings.redis.key_prefix.clone_from(&key_prefix);
    })
    .await?;
    let replica = service
        .replica_with(&key_prefix, |settings| {
            settings.search.redis_cache = true;
            settings.search.redis_timeout = SOON;
        })
        .await?;
    let (one, other) = (&service.caller, &replica.caller);
    assert_eq!(counted(one, search(one, "")).await?, [0, 0, 0, 1, 1]);
    wait_until("it is in Redis", SOON, async || {
        // Another query with the same candidates, so that only Redis can save the computation.
        let asked = search(other, "&limit=3");
        counted(one, asked)
            .await
            .is_ok_and(|counted| counted == [0, 0, 1, 0, 0])
            || counts(one).await.is_ok_and(|counts| counts.redis_hits > 0)
    })
    .await?;
    // An entry of another version is ignored.
    set_price(one, 8502.0).await?;
    wait_until("the other replica has read the change", SOON, async || {
        let flight = other
            .get(&format!(
                "/api/flights/search?source=DEL&destination=BOM&date={DAY}&seats=1"
            ))
            .await;
        flight.is_ok_and(|answer| answer.text.contains("8502"))
    })
    .await?;
    let before = counts(one).await?;
    search(one, "&sort_by=fastest").await?;
    let after = counts(one).await?;
    assert_eq!(
        (after.redis_hits, after.loads),
        (before.redis_hits, before.loads + 1)
    );
    Ok(())
}

async fn a_redis_that_is_away_or_silent_is_not_waited_for() -> anyhow::Result<()> {
    // Accepts connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    for address in ["127.0.0.1:1".to_owned(), silent.local_addr()?.to_string()] {
        let service = TestService::start_with(|settings| {
            settings.search.redis_cache = true;
            settings.redis.url = Some(format!("redis://{address}").into());
            settings.redis.timeout = std::time::Duration::from_millis(5);
        })
        .await?;
        let caller = &service.caller;
        let started = std::time::Instant::now();
        // Each a distinct query.
        let ask = async {
            for limit in 0..100_i32 {
                search(caller, &format!("&max_price={}", 9000 + limit)).await?;
            }
            Ok(())
        };
        assert_eq!(counted(caller, ask).await?, [0, 0, 0, 0, 100]);
        // It would be a second if each waited ten milliseconds.
        assert!(started.elapsed() < std::time::Duration::from_secs(5));
        caller.decrement(&seats_of(AI101, 1)).await?;
    }
    Ok(())
}
