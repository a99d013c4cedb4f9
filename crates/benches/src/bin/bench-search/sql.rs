//! The same itineraries from one recursive SQL query, as a service without a timetable would find them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use domain::FlightId;
use itinerary::{Query, Timetable};
use jiff::Timestamp;
use jiff::ToSpan as _;
use loadgen::console::line;
use loadgen::stats::median;
use local_servers::database::connect;
use local_servers::service::Service;
use test_stack::service_stack::ServiceStack;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::week::Week;

const ITINERARIES: &str = include_str!("itineraries.sql");

/// Number of searches.
const PAIRS: usize = 5;

/// Timeout of one query, so that a benchmark ends. A query that is cancelled counts with it.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Measures and prints; returns the median in milliseconds.
pub async fn measure(stack: &ServiceStack, week: &Week, searches: &[Query]) -> anyhow::Result<f64> {
    line("\nOne recursive SQL query, with an index that suits it:")?;
    let client = connect(&stack.database_url(Service::Flight)).await?;
    client
        .batch_execute(&format!(
            "CREATE INDEX flights_departures ON flights (source, departs_at);
             ANALYZE flights;
             SET statement_timeout = {}",
            TIME_LIMIT.as_millis()
        ))
        .await?;
    let timetable = Timetable::build(week.airports.clone(), week.flights.clone())?;
    let mut times_ms = Vec::new();
    for search in searches.iter().take(PAIRS) {
        let started = Instant::now();
        let found = ask(&client, &timetable, search).await?;
        let passed_ms = started.elapsed().as_secs_f64() * 1000.0;
        times_ms.push(passed_ms);
        let same = match found {
            Some(found) => {
                let id = |slot| timetable.flight(slot).id;
                let expected: Vec<Vec<FlightId>> = timetable
                    .search(search, |_| true)?
                    .iter()
                    .map(|itinerary| itinerary.legs().iter().copied().map(id).collect())
                    .collect();
                ensure!(found == expected, "the query finds other itineraries");
                "the same answer"
            }
            None => "timed out",
        };
        line(format_args!(
            "{} to {} on {}: {passed_ms:.0} ms, {same}",
            search.source, search.destination, search.date
        ))?;
    }
    median(&times_ms).context("no search was made")
}

/// The leg ids of each itinerary; `None` after the timeout.
async fn ask(
    client: &Client,
    timetable: &Timetable,
    search: &Query,
) -> anyhow::Result<Option<Vec<Vec<FlightId>>>> {
    let airport = timetable
        .airport(search.source)
        .context("no such airport")?;
    let midnight = |date: jiff::civil::Date| -> anyhow::Result<Timestamp> {
        Ok(date.to_zoned(airport.time_zone.clone())?.timestamp())
    };
    let (from, until) = (midnight(search.date)?, midnight(search.date + 1.day())?);
    let (source, destination) = (search.source.as_str(), search.destination.as_str());
    let parameters: [&(dyn ToSql + Sync); 4] = [&source, &destination, &from, &until];
    let rows = match client.query(ITINERARIES, &parameters).await {
        Ok(rows) => rows,
        Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let ids = rows.iter().map(|row| {
        let ids: Vec<i64> = row.try_get(0)?;
        Ok(ids.into_iter().map(FlightId).collect())
    });
    ids.collect::<anyhow::Result<_>>().map(Some)
}
