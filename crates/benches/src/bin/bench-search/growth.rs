//! Timetables of 0.1, 1 and 10 million flights.

use std::time::Instant;

use itinerary::{Airport, Flight, Timetable};
use jiff::ToSpan as _;
use jiff::civil::Date;
use loadgen::console::line;

use crate::engine::bytes_per_flight;
use crate::timing::Timing;
use crate::week::{Week, random_searches};
use crate::world::{FIRST_DAY, World};

const SIZES: [usize; 3] = [100_000, 1_000_000, 10_000_000];

/// Random searches per size.
const SEARCHES: usize = 1_000;

/// The size whose searches are compared over time.
const COMPARED: usize = 1_000_000;

/// Measures and prints; returns the p99 of the synthetic world's searches in milliseconds.
pub fn measure(week: &Week) -> anyhow::Result<f64> {
    line("\nThe week repeated, in this process:")?;
    for size in SIZES {
        let monday: Date = "2001-03-05".parse()?;
        let days: Vec<Date> = (0..7).map(|day: i64| monday + day.days()).collect();
        let timetable = built(&week.airports, week.repeated(size))?;
        searched(&timetable, &days)?;
    }
    line("\nA made-up world of 4,000 airports and 100,000 flights a day, in this process:")?;
    let world = World::new()?;
    let mut compared = None;
    for size in SIZES {
        let timetable = built(world.airports(), world.flights(size)?)?;
        let whole_days = i64::try_from(size / world.flights_a_day())?.max(1);
        let days: Vec<Date> = (0..whole_days).map(|day| FIRST_DAY + day.days()).collect();
        let timing = searched(&timetable, &days)?;
        if size == COMPARED {
            compared = Some(timing.quantile_ms(0.99));
        }
    }
    compared.ok_or_else(|| anyhow::anyhow!("the world was not searched"))
}

fn built(airports: &[Airport], flights: impl Iterator<Item = Flight>) -> anyhow::Result<Timetable> {
    let flights: Vec<Flight> = flights.collect();
    let started = Instant::now();
    let timetable = Timetable::build(airports.to_vec(), flights)?;
    line(format_args!(
        "{} flights built in {:.2} s, {:.1} bytes a flight",
        timetable.len(),
        started.elapsed().as_secs_f64(),
        bytes_per_flight(&timetable)?,
    ))?;
    Ok(timetable)
}

fn searched(timetable: &Timetable, days: &[Date]) -> anyhow::Result<Timing> {
    let searches = random_searches(timetable.airports(), days, SEARCHES, 7);
    let timing = Timing::of(timetable, &searches, |_| true)?;
    timing.print("  cheapest")?;
    Ok(timing)
}
