//! The repository's two schedules, and builders for small ones.

use std::fs::File;

use domain::{AirportCode, Currency, FlightId, FlightNumber, Money};
use flate2::read::GzDecoder;
use itinerary::{Airport, ConnectionWindow, Filters, Flight, Query, SearchOrder, Timetable};
use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZone;

pub fn code(text: &str) -> AirportCode {
    text.parse().unwrap()
}

pub fn airport(text: &str, zone: &str) -> Airport {
    Airport {
        code: code(text),
        time_zone: TimeZone::get(zone).unwrap(),
    }
}

/// A flight with RFC 3339 times and a price in dollars.
pub fn flight(id: i64, route: (&str, &str), times: (&str, &str), price: &str) -> Flight {
    Flight {
        id: FlightId(id),
        source: code(route.0),
        destination: code(route.1),
        departs_at: times.0.parse().unwrap(),
        arrives_at: times.1.parse().unwrap(),
        price: dollars(price),
        airline: "AI".parse().unwrap(),
    }
}

pub fn dollars(amount: &str) -> Money {
    Money::new(amount.parse().unwrap(), Currency::USD).unwrap()
}

/// The cheapest 20 with up to three stops.
pub fn query(source: &str, destination: &str, date: Date) -> Query {
    Query {
        source: code(source),
        destination: code(destination),
        date,
        order: SearchOrder::Cheapest,
        max_stops: 3,
        limit: 20,
        connections: ConnectionWindow::default(),
        filters: Filters::default(),
        after: None,
    }
}

/// The leg ids of each itinerary in the answer, with every flight open.
pub fn answer(timetable: &Timetable, query: &Query) -> Vec<Vec<i64>> {
    let answer = timetable.search(query, |_| true).unwrap();
    let id = |slot| timetable.flight(slot).id.0;
    answer
        .iter()
        .map(|itinerary| itinerary.legs().iter().copied().map(id).collect())
        .collect()
}

/// The demo schedule on 2024-02-15; ids from 1 in the order of the file.
pub fn demo() -> (Vec<Airport>, Vec<Flight>) {
    let airports = airports("demo");
    let mut rows = csv::Reader::from_reader(open("demo/flights.csv"));
    let flights = rows.records().zip(1..).map(|(row, id)| {
        let row = row.unwrap();
        let local = |airport: &str, time: &str| {
            let zone = airports.iter().find(|one| one.code == code(airport));
            let time: Time = time.parse().unwrap();
            let at = date(2024, 2, 15).to_datetime(time);
            zone.unwrap().time_zone.to_timestamp(at).unwrap()
        };
        Flight {
            id: FlightId(id),
            source: code(&row[1]),
            destination: code(&row[2]),
            departs_at: local(&row[1], &row[3]),
            arrives_at: local(&row[2], &row[4]),
            price: Money::new(row[7].parse().unwrap(), row[8].parse().unwrap()).unwrap(),
            airline: row[0].parse::<FlightNumber>().unwrap().airline(),
        }
    });
    let flights = flights.collect();
    (airports, flights)
}

/// The real week of US flights; ids from 1 in the order of the file.
pub fn us_week() -> (Vec<Airport>, Vec<Flight>) {
    let mut rows = csv::Reader::from_reader(GzDecoder::new(open("us-week/flights.csv.gz")));
    let flights = rows.records().zip(1..).map(|(row, id)| {
        let row = row.unwrap();
        Flight {
            airline: row[0].parse::<FlightNumber>().unwrap().airline(),
            ..flight(id, (&row[1], &row[2]), (&row[3], &row[4]), &row[6])
        }
    });
    (airports("us-week"), flights.collect())
}

fn airports(schedule: &str) -> Vec<Airport> {
    let mut rows = csv::Reader::from_reader(open(&format!("{schedule}/airports.csv")));
    rows.records()
        .map(|row| {
            let row = row.unwrap();
            airport(&row[0], &row[6])
        })
        .collect()
}

fn open(path: &str) -> File {
    File::open(format!("{}/../../data/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
