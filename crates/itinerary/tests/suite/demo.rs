//! The demo network fits in the head: answers worked out by hand.

use domain::Currency;
use itinerary::{Query, SearchOrder, Timetable};
use jiff::civil::date;

use crate::schedules::{answer, demo, query};

fn timetable() -> Timetable {
    let (airports, flights) = demo();
    Timetable::build(airports, flights).unwrap()
}

#[test]
fn delhi_to_mumbai_has_three_direct_flights() {
    let timetable = timetable();
    let cheapest = query("DEL", "BOM", date(2024, 2, 15));
    // AI103, AI101, AI102. Via Bengaluru every connection is too short or too long.
    assert_eq!(answer(&timetable, &cheapest), [[3], [1], [2]]);

    let best = timetable.search(&cheapest, |_| true).unwrap()[0];
    assert_eq!(best.price.amount().to_string(), "7800.00");
    assert_eq!(best.price.currency(), Currency::INR);
    assert_eq!(best.stops(), 0);
    assert_eq!(best.duration_seconds(), 150 * 60);

    // All three take two and a half hours, so the price decides here as well.
    let fastest = Query {
        order: SearchOrder::Fastest,
        ..cheapest
    };
    assert_eq!(answer(&timetable, &fastest), [[3], [1], [2]]);
}

#[test]
fn delhi_to_bengaluru_has_two_direct_flights_and_three_with_a_stop() {
    let timetable = timetable();
    let cheapest = query("DEL", "BLR", date(2024, 2, 15));
    // AI201 12000; AI202 13500; via Hyderabad AI401 and AI402, or AI404 an hour later for the same 15000; via
    // Kolkata AI405 and AI406 19500. Via Mumbai no connection is within four hours.
    let expected: [&[i64]; 5] = [&[4], &[5], &[8, 9], &[8, 11], &[12, 13]];
    assert_eq!(answer(&timetable, &cheapest), expected);
    let prices: Vec<String> = timetable
        .search(&cheapest, |_| true)
        .unwrap()
        .iter()
        .map(|itinerary| itinerary.price.amount().to_string())
        .collect();
    assert_eq!(
        prices,
        ["12000.00", "13500.00", "15000.00", "15000.00", "19500.00"]
    );

    let fastest = Query {
        order: SearchOrder::Fastest,
        ..cheapest.clone()
    };
    assert_eq!(answer(&timetable, &fastest), expected);
    let direct = Query {
        max_stops: 0,
        ..cheapest
    };
    assert_eq!(answer(&timetable, &direct), &expected[..2]);
}

#[test]
fn a_sold_out_leg_takes_its_itineraries_with_it() {
    let timetable = timetable();
    let sold_out = timetable.slot_of(domain::FlightId(8)).unwrap();
    let query = query("DEL", "BLR", date(2024, 2, 15));
    let left = timetable.search(&query, |slot| slot != sold_out).unwrap();
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|one| !one.legs().contains(&sold_out)));
    assert_eq!(timetable.search(&query, |_| false), Ok(Vec::new()));
}

#[test]
fn where_nothing_flies_the_answer_is_empty() {
    let timetable = timetable();
    for (source, destination, day) in [
        ("DEL", "BOM", date(2024, 2, 14)),
        ("DEL", "BOM", date(2024, 2, 16)),
        ("DEL", "BOM", jiff::civil::Date::MIN),
        ("DEL", "BOM", jiff::civil::Date::MAX),
        ("DEL", "MAA", date(2024, 2, 15)),
        ("MAA", "GOI", date(2024, 2, 15)),
    ] {
        let query = query(source, destination, day);
        assert!(answer(&timetable, &query).is_empty(), "{query:?}");
    }
}
