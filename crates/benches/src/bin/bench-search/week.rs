//! The real week of US flights, and random searches in it.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context as _;
use domain::{Currency, FlightId, FlightNumber, Money};
use flate2::read::GzDecoder;
use itinerary::{Airport, ConnectionWindow, Filters, Flight, MAX_STOPS, Query, SearchOrder};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};

use crate::world::Random;

/// Its first day, a Monday.
const MONDAY: Date = date(2001, 3, 5);

/// Itineraries per answer.
pub const LIMIT: usize = 20;

/// Airports and flights of the week in the project's data.
pub struct Week {
    pub airports: Vec<Airport>,
    pub flights: Vec<Flight>,
}

impl Week {
    pub fn directory() -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "..", "..", "data", "us-week"]
            .iter()
            .collect()
    }

    pub fn read() -> anyhow::Result<Self> {
        let open = |name: &str| {
            let path = Self::directory().join(name);
            File::open(&path).with_context(|| format!("{} can't be read", path.display()))
        };
        let mut airports = Vec::new();
        for row in csv::Reader::from_reader(open("airports.csv")?).records() {
            let row = row?;
            airports.push(Airport {
                code: row[0].parse()?,
                time_zone: TimeZone::get(&row[6])?,
            });
        }
        let mut flights = Vec::new();
        let packed = GzDecoder::new(open("flights.csv.gz")?);
        for (row, id) in csv::Reader::from_reader(packed).records().zip(1_i64..) {
            let row = row?;
            let number: FlightNumber = row[0].parse()?;
            flights.push(Flight {
                id: FlightId(id),
                source: row[1].parse()?,
                destination: row[2].parse()?,
                departs_at: row[3].parse()?,
                arrives_at: row[4].parse()?,
                price: Money::new(row[6].parse()?, Currency::USD)?,
                airline: number.airline(),
            });
        }
        Ok(Self { airports, flights })
    }

    /// Random airport pairs and days, the same in every run: the cheapest 20 with up to three stops.
    pub fn searches(&self, count: usize) -> Vec<Query> {
        let days = (0..7)
            .map(|day: i64| MONDAY + day.days())
            .collect::<Vec<_>>();
        random_searches(&self.airports, &days, count, 20_010_305)
    }

    /// The week repeated until there are `count` flights.
    pub fn repeated(&self, count: usize) -> impl Iterator<Item = Flight> + '_ {
        let weeks = (0_i64..).flat_map(move |week| {
            let later = SignedDuration::from_hours(week * 7 * 24);
            self.flights.iter().map(move |flight| Flight {
                departs_at: flight.departs_at + later,
                arrives_at: flight.arrives_at + later,
                ..*flight
            })
        });
        let numbered = weeks.take(count).zip(1_i64..);
        numbered.map(|(flight, id)| Flight {
            id: FlightId(id),
            ..flight
        })
    }
}

/// Searches between random airports on random days, from a seed.
pub fn random_searches(airports: &[Airport], days: &[Date], count: usize, seed: u64) -> Vec<Query> {
    let mut random = Random::new(seed);
    let mut searches = Vec::with_capacity(count);
    while searches.len() < count {
        let source = airports[random.below(airports.len())].code;
        let destination = airports[random.below(airports.len())].code;
        let date = days[random.below(days.len())];
        if source != destination {
            searches.push(Query {
                source,
                destination,
                date,
                order: SearchOrder::Cheapest,
                max_stops: MAX_STOPS,
                limit: LIMIT,
                connections: ConnectionWindow::default(),
                filters: Filters::default(),
                after: None,
            });
        }
    }
    searches
}
