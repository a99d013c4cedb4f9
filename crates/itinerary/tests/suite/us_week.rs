//! The real week: 112,987 flights, a hundred thousand itineraries for a pair of airports.

use std::sync::LazyLock;

use domain::FlightId;
use itinerary::{Order, Query, Timetable};
use jiff::ToSpan;
use jiff::civil::date;

use crate::oracle::{Oracle, searched};
use crate::schedules::{query, us_week};

static WEEK: LazyLock<Week> = LazyLock::new(|| {
    let (airports, flights) = us_week();
    Week {
        oracle: Oracle::new(&airports, &flights),
        codes: airports
            .iter()
            .map(|airport| airport.code.to_string())
            .collect(),
        timetable: Timetable::build(airports, flights).unwrap(),
    }
});

struct Week {
    oracle: Oracle,
    codes: Vec<String>,
    timetable: Timetable,
}

/// Every seventh flight is sold out.
fn is_open(id: FlightId) -> bool {
    id.0 % 7 != 0
}

/// Compares both orders and two limits with one enumeration; answers how many itineraries it had.
fn compare(query: &Query, is_open: &dyn Fn(FlightId) -> bool) -> usize {
    let all = WEEK.oracle.all(query, is_open);
    for order in [Order::Cheapest, Order::Fastest] {
        for limit in [20, 200] {
            let query = Query {
                order,
                limit,
                ..query.clone()
            };
            assert_eq!(
                searched(&WEEK.timetable, &query, is_open),
                Oracle::answer(all.clone(), &query),
                "{query:?}"
            );
        }
    }
    all.len()
}

/// Random queries with a fixed seed, so that a failure comes again.
fn sample(seed: u64, count: usize, max_stops: u8) -> Vec<Query> {
    let codes = &WEEK.codes;
    let mut state = seed;
    let mut below = |end: usize| {
        // The constants of Knuth's MMIX; the high bits are the random ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % end
    };
    let mut sample = Vec::new();
    while sample.len() < count {
        let (source, destination) = (&codes[below(codes.len())], &codes[below(codes.len())]);
        let day = date(2001, 3, 5) + i64::try_from(below(7)).unwrap().days();
        if source != destination {
            sample.push(Query {
                max_stops,
                ..query(source, destination, day)
            });
        }
    }
    sample
}

#[test]
fn buffalo_to_san_diego_has_as_many_itineraries_as_sql_counts() {
    for (max_stops, count) in [(1, 41), (2, 2_507), (3, 112_005)] {
        let query = Query {
            max_stops,
            limit: usize::MAX,
            ..query("BUF", "SAN", date(2001, 3, 7))
        };
        let answer = WEEK.timetable.search(&query, |_| true).unwrap();
        assert_eq!(answer.len(), count, "up to {max_stops} stops");
    }
}

#[test]
fn random_pairs_with_up_to_two_stops_have_the_oracles_answer() {
    let queries = sample(20_010_305, 20, 2);
    let found: usize = queries.iter().map(|query| compare(query, &is_open)).sum();
    assert!(found > 1_000, "{found}");
}

#[test]
fn busy_pairs_with_up_to_two_stops_have_the_oracles_answer() {
    for (source, destination) in [
        ("ORD", "LGA"),
        ("LAX", "JFK"),
        ("ATL", "SEA"),
        ("HNL", "BOS"),
    ] {
        let query = Query {
            max_stops: 2,
            ..query(source, destination, date(2001, 3, 9))
        };
        compare(&query, &|_| true);
    }
}

#[test]
fn pairs_with_up_to_three_stops_have_the_oracles_answer() {
    let mut queries = sample(20_010_311, 3, 3);
    queries.push(query("BUF", "SAN", date(2001, 3, 7)));
    let found: usize = queries.iter().map(|query| compare(query, &is_open)).sum();
    assert!(found > 1_000, "{found}");
}

#[test]
fn a_flight_takes_at_most_48_bytes() {
    let timetable = &WEEK.timetable;
    assert_eq!(timetable.len(), 112_987);
    assert!(timetable.memory_bytes() <= 48 * timetable.len());
}
