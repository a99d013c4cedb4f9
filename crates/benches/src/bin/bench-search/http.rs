//! Searches over HTTP: computed, from Redis, and from memory, against a bare handler.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use itinerary::{Query, Timetable};
use loadgen::console::line;
use loadgen::http::{self, Connection, Request, Target};
use loadgen::load::{Pace, Plan};
use loadgen::stats::{Outcome, Report, median};

use crate::arguments::Arguments;
use crate::setup::Setup;
use crate::week::Week;

/// As in the other benchmarks against the bare handler.
const CONNECTIONS: usize = 64;

const WARM_UP: Duration = Duration::from_millis(500);

/// Far more than a round needs.
const MAX_REQUESTS: u64 = 20_000_000;

const OK: Outcome = Outcome::Status(200);

/// The results that are compared over time.
pub struct Cached {
    pub cached_rps: f64,
    pub bare_rps: f64,
}

/// Measures and prints.
pub async fn measure(
    setup: &mut Setup,
    week: &Week,
    searches: &[Query],
    arguments: &Arguments,
) -> anyhow::Result<Cached> {
    line("The same over HTTP, one connection:")?;
    computed_and_shared(setup, searches).await?;

    let service = setup.start_flight_service(&[]).await?;
    let popular = popular(week, searches)?;
    let bytes = body_bytes(service, &popular).await?;
    line(format_args!(
        "\nA cached search of {bytes} bytes, {CONNECTIONS} connections:"
    ))?;
    let mut bare = setup.bare(bytes).await?;
    let path = path(&popular);
    let (mut cached_rps, mut bare_rps) = (Vec::new(), Vec::new());
    let measured = Duration::from_secs(u64::from(arguments.seconds));
    for _ in 0..arguments.rounds {
        let hello = run(bare.target(), "/".to_owned(), measured).await?;
        bare_rps.push(shown("bare actix-web handler", &hello)?);
        let report = run(service, path.clone(), measured).await?;
        cached_rps.push(shown("cached search", &report)?);
    }
    let known = known(service, &path, measured).await?;
    line(format_args!(
        "known by its tag (304)     {:>8.0} a second",
        known.rate(Outcome::Status(304))
    ))?;
    setup.stop_flight_service().await?;
    bare.stop().await?;
    Ok(Cached {
        cached_rps: median(&cached_rps).unwrap_or_default(),
        bare_rps: median(&bare_rps).unwrap_or_default(),
    })
}

/// All searches one after the other: computed, then from memory; and with Redis, from Redis by a service that
/// was just started.
async fn computed_and_shared(setup: &mut Setup, searches: &[Query]) -> anyhow::Result<()> {
    let no_pages = ("HOLDFAST__SEARCH__PAGE_CACHE_BYTES", "0");
    let with_redis = [no_pages, ("HOLDFAST__SEARCH__REDIS_CACHE", "true")];
    let alone = setup.start_flight_service(&[no_pages]).await?;
    one_by_one(alone, searches, "computed").await?;
    one_by_one(alone, searches, "found in memory").await?;
    setup.stop_flight_service().await?;
    let first = setup.start_flight_service(&with_redis).await?;
    one_by_one(first, searches, "computed and put into Redis").await?;
    setup.stop_flight_service().await?;
    let second = setup.start_flight_service(&with_redis).await?;
    one_by_one(second, searches, "found in Redis").await?;
    setup.stop_flight_service().await
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

/// A search that fills its page with itineraries of several legs, as most do.
fn popular(week: &Week, searches: &[Query]) -> anyhow::Result<Query> {
    let timetable = Timetable::build(week.airports.clone(), week.flights.clone())?;
    for search in searches {
        if timetable.search(search, |_| true)?.len() == search.limit {
            return Ok(search.clone());
        }
    }
    anyhow::bail!("no search fills a page")
}

fn path(search: &Query) -> String {
    format!(
        "/api/flights/search?source={}&destination={}&date={}&seats=1",
        search.source, search.destination, search.date
    )
}

async fn body_bytes(target: Target, search: &Query) -> anyhow::Result<usize> {
    let mut connection = Connection::open(target).await?;
    let answer = connection.send(&Request::get(path(search))).await?;
    ensure!(
        answer.status == 200,
        "a search is answered {}",
        answer.status
    );
    Ok(answer.body.len())
}

async fn run(target: Target, path: String, measured: Duration) -> anyhow::Result<Report> {
    let request = move |_, _| Request::get(path.clone());
    Ok(http::run(plan(measured), target, request, http::by_status).await?)
}

/// The same by a client with a cached answer: `If-None-Match: *` matches any tag.
async fn known(target: Target, path: &str, measured: Duration) -> anyhow::Result<Report> {
    let request = Request::get(path.to_owned()).with_header("if-none-match", "*");
    let request = move |_, _| request.clone();
    Ok(http::run(plan(measured), target, request, http::by_status).await?)
}

fn plan(measured: Duration) -> Plan {
    Plan {
        clients: CONNECTIONS,
        threads: 1,
        pace: Pace::Closed,
        warm_up: WARM_UP,
        measured,
        max_requests: MAX_REQUESTS,
    }
}

fn shown(title: &str, report: &Report) -> anyhow::Result<f64> {
    for (outcome, count) in report.others(&[OK]) {
        line(format_args!("also {count} times {outcome}"))?;
    }
    let rate = report.rate(OK);
    line(format_args!(
        "{title:<26} {rate:>8.0} a second, p50 {:.2} ms, p99 {:.2} ms",
        report.latency_ms(OK, 0.5),
        report.latency_ms(OK, 0.99),
    ))?;
    Ok(rate)
}
