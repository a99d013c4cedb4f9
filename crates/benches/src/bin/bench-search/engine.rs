//! Random searches on the real week in this process, uncached.

use std::collections::BTreeMap;
use std::time::Instant;

use domain::AirportCode;
use itinerary::{Filters, Query, SearchOrder, Timetable};
use loadgen::console::line;

use crate::timing::Timing;
use crate::week::Week;

/// The numbers of the cheapest-first searches that are compared over time.
pub struct Measured {
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub bytes_per_flight: f64,
}

/// Measures and prints.
pub fn measure(week: &Week, searches: &[Query]) -> anyhow::Result<Measured> {
    line("The real week, in this process:")?;
    let started = Instant::now();
    let timetable = Timetable::build(week.airports.clone(), week.flights.clone())?;
    let bytes_per_flight = bytes_per_flight(&timetable)?;
    line(format_args!(
        "{} flights built in {:.0} ms, {bytes_per_flight:.1} bytes a flight",
        timetable.len(),
        started.elapsed().as_secs_f64() * 1000.0,
    ))?;
    let cheapest = Timing::of(&timetable, searches, |_| true)?;
    cheapest.print("cheapest")?;
    let fastest = changed(searches, |search| search.order = SearchOrder::Fastest);
    Timing::of(&timetable, &fastest, |_| true)?.print("fastest")?;
    // Sold-out flights are spread over all routes.
    let third_is_left = |slot: itinerary::FlightSlot| slot.index().is_multiple_of(3);
    Timing::of(&timetable, searches, third_is_left)?.print("two of three flights sold out")?;
    hardest(&timetable, searches)?;
    Ok(Measured {
        p50_ms: cheapest.quantile_ms(0.5),
        p99_ms: cheapest.quantile_ms(0.99),
        max_ms: cheapest.max_ms(),
        bytes_per_flight,
    })
}

/// Searches with few results never have a full answer to prune by.
fn hardest(timetable: &Timetable, searches: &[Query]) -> anyhow::Result<()> {
    let mut by_destination: BTreeMap<AirportCode, Vec<Query>> = BTreeMap::new();
    for search in searches {
        let same = by_destination.entry(search.destination).or_default();
        same.push(search.clone());
    }
    // All to one of the busiest airports, whose last legs are closed, or all but one in fifty.
    let busiest: AirportCode = "ORD".parse()?;
    let to_busiest = by_destination.get(&busiest).cloned().unwrap_or_default();
    let ends: Vec<bool> = timetable
        .flights()
        .map(|(_, flight)| flight.destination == busiest)
        .collect();
    let is_closed = |slot: itinerary::FlightSlot| ends[slot.index()];
    Timing::of(timetable, &to_busiest, |slot| !is_closed(slot))?
        .print("to a closed airport (ORD)")?;
    let is_almost_closed =
        |slot: itinerary::FlightSlot| is_closed(slot) && !slot.index().is_multiple_of(50);
    Timing::of(timetable, &to_busiest, |slot| !is_almost_closed(slot))?
        .print("to an airport closed but for one in fifty")?;
    let narrow = Filters {
        arrival: Some("08:00-09:00".parse()?),
        ..Filters::default()
    };
    let narrow = changed(searches, |search| search.filters = narrow.clone());
    Timing::of(timetable, &narrow, |_| true)?.print("arriving from 08:00 to 09:00")?;
    let deep = changed(searches, |search| search.limit = 1_000);
    Timing::of(timetable, &deep, |_| true)?.print("the first 1,000")
}

fn changed(searches: &[Query], change: impl Fn(&mut Query)) -> Vec<Query> {
    let mut searches = searches.to_vec();
    searches.iter_mut().for_each(change);
    searches
}

/// Memory per flight, with everything shared divided among the flights.
pub fn bytes_per_flight(timetable: &Timetable) -> anyhow::Result<f64> {
    let bytes = u32::try_from(timetable.memory_bytes())?;
    Ok(f64::from(bytes) / f64::from(u32::try_from(timetable.len())?))
}
