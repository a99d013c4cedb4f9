//! Searches over HTTP, one after the other: computed, from Redis, and from memory.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use itinerary::Query;
use loadgen::console::line;
use loadgen::http::{self, Request, Target};
use loadgen::load::{Pace, Plan};
use loadgen::stats::Outcome;
use local_servers::service::Service;
use test_stack::environment::Settings;
use test_stack::service_stack::ServiceStack;

const OK: Outcome = Outcome::Status(200);

/// All searches one after the other: computed, then from memory; and with Redis, from Redis by a service that
/// was just started.
pub async fn measure(stack: &mut ServiceStack, searches: &[Query]) -> anyhow::Result<()> {
    line("\nSearches over HTTP, one connection:")?;
    stack.stop(Service::Flight).await?;
    let no_pages = ("HOLDFAST__SEARCH__PAGE_CACHE_BYTES", "0");
    let with_redis = [no_pages, ("HOLDFAST__SEARCH__REDIS_CACHE", "true")];
    let alone = started(stack, &[no_pages]).await?;
    one_by_one(alone, searches, "computed").await?;
    one_by_one(alone, searches, "found in memory").await?;
    stack.stop(Service::Flight).await?;
    let first = started(stack, &with_redis).await?;
    one_by_one(first, searches, "computed and put into Redis").await?;
    stack.stop(Service::Flight).await?;
    let second = started(stack, &with_redis).await?;
    one_by_one(second, searches, "found in Redis").await
}

async fn started(stack: &mut ServiceStack, settings: Settings<'_>) -> anyhow::Result<Target> {
    Ok(Target::local(stack.start(Service::Flight, settings).await?))
}

async fn one_by_one(service: Target, searches: &[Query], title: &str) -> anyhow::Result<()> {
    let paths: Arc<[String]> = searches.iter().map(path).collect();
    let count = u64::try_from(paths.len())?;
    let plan = Plan {
        clients: 1,
        threads: 1,
        pace: Pace::Closed,
        warm_up: Duration::ZERO,
        measured: Duration::from_secs(60),
        max_requests: count,
    };
    let request = move |_, number: u64| {
        let index = usize::try_from(number % count).unwrap_or_default();
        Request::get(paths[index].clone())
    };
    let report = http::run(plan, service, request, http::by_status).await?;
    ensure!(
        report.tally().measured(OK) == count,
        "{:?}",
        report.others(&[OK])
    );
    line(format_args!(
        "{title:<28} p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms",
        report.latency_ms(OK, 0.5),
        report.latency_ms(OK, 0.99),
        report.latency_ms(OK, 1.0),
    ))
}

pub fn path(search: &Query) -> String {
    format!(
        "/api/flights/search?source={}&destination={}&date={}&seats=1",
        search.source, search.destination, search.date
    )
}
