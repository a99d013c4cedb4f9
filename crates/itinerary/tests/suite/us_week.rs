//! A real week of US flights against the oracle: 112,987 flights, up to a hundred thousand itineraries per pair
//! of airports.

use std::sync::LazyLock;

use domain::FlightId;
use itinerary::{Filters, FlightSlot, Query, SearchOrder, Timetable};
use jiff::ToSpan;
use jiff::civil::date;

use crate::oracle::{Found, Oracle, searched};
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

impl Week {
    fn id(&self, slot: FlightSlot) -> FlightId {
        self.timetable.flight(slot).id
    }
}

/// Every seventh flight is sold out.
fn is_open(id: FlightId) -> bool {
    id.0 % 7 != 0
}

/// Compares both orders, each with two limits and a second page, with one enumeration; returns how many
/// itineraries it had.
fn compare(query: &Query, is_open: &dyn Fn(FlightId) -> bool) -> usize {
    let mut all = WEEK.oracle.all(query, is_open);
    for order in [SearchOrder::Cheapest, SearchOrder::Fastest] {
        let whole = Query {
            order,
            limit: usize::MAX,
            ..query.clone()
        };
        Oracle::sort(&mut all, order);
        for limit in [20, 200] {
            let mut page = Query {
                limit,
                ..whole.clone()
            };
            for expected in all.chunks(limit).take(2) {
                let found = WEEK.timetable.search(&page, |slot| is_open(WEEK.id(slot)));
                let found = found.unwrap();
                let in_its_terms = found.iter().map(|one| Found::of(&WEEK.timetable, one));
                assert_eq!(in_its_terms.collect::<Vec<_>>(), expected, "{page:?}");
                page.after = found.last().map(|last| WEEK.timetable.place(last, order));
            }
        }
        if all.is_empty() {
            assert_eq!(searched(&WEEK.timetable, &whole, is_open), [], "{whole:?}");
        }
    }
    all.len()
}

/// Random queries from a fixed seed, so that a failure is reproducible.
fn sample(seed: u64, count: usize, max_stops: u8) -> Vec<Query> {
    let codes = &WEEK.codes;
    let mut state = seed;
    let mut below = |end: usize| {
        // The constants of Knuth's MMIX generator; the high bits are the random ones.
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
fn three_hundred_random_pairs_have_the_oracles_answers() {
    let queries = sample(20_010_305, 300, 3);
    let found: usize = queries.iter().map(|query| compare(query, &is_open)).sum();
    assert!(found > 1_000_000, "{found}");
}

/// Restrictive filters are the hardest: the heap never fills, so it gives no cutoff.
#[test]
fn random_pairs_with_filters_have_the_oracles_answers() {
    let code = |text: &str| text.parse().unwrap();
    let none = Filters::default;
    let filters = [
        Filters {
            arrival: Some("08:00-09:00".parse().unwrap()),
            ..none()
        },
        Filters {
            departure: Some("21:00-01:00".parse().unwrap()),
            max_price: Some("400".parse().unwrap()),
            ..none()
        },
        Filters {
            max_duration_s: Some(9 * 60 * 60),
            exclude: vec![code("ORD"), code("ATL")],
            ..none()
        },
        Filters {
            airlines: vec!["UA".parse().unwrap(), "AA".parse().unwrap()],
            ..none()
        },
        Filters {
            via: vec![code("ORD")],
            ..none()
        },
        Filters {
            via: vec![code("DFW"), code("DEN")],
            max_price: Some("900".parse().unwrap()),
            max_duration_s: Some(15 * 60 * 60),
            ..none()
        },
    ];
    let mut found = [0; 6];
    for (query, index) in sample(20_010_307, 60, 3).into_iter().zip((0..6).cycle()) {
        let filters = filters[index].clone();
        let ends = [query.source, query.destination];
        let contradicts = |code| ends.contains(code);
        if !filters.via.iter().chain(&filters.exclude).any(contradicts) {
            found[index] += compare(&Query { filters, ..query }, &is_open);
        }
    }
    assert!(found.iter().all(|count| *count > 0), "{found:?}");
}

/// The last flights to a destination are closed, all or nearly all.
#[test]
fn closed_destinations_have_the_oracles_answers() {
    for query in sample(20_010_309, 10, 3) {
        let slot = |id| WEEK.timetable.slot_of(id).unwrap();
        let ends = |id| WEEK.timetable.flight(slot(id)).destination == query.destination;
        assert_eq!(compare(&query, &|id| !ends(id)), 0);
        compare(&query, &|id| id.0 % 50 == 0 || !ends(id));
    }
}

#[test]
fn busy_pairs_have_the_oracles_answer() {
    for (source, destination) in [
        ("ORD", "LGA"),
        ("LAX", "JFK"),
        ("ATL", "SEA"),
        ("HNL", "BOS"),
        ("BUF", "SAN"),
    ] {
        let query = Query {
            max_stops: 2,
            ..query(source, destination, date(2001, 3, 9))
        };
        compare(&query, &|_| true);
    }
}

#[test]
fn a_flight_takes_at_most_48_bytes() {
    let timetable = &WEEK.timetable;
    assert_eq!(timetable.len(), 112_987);
    assert!(timetable.memory_bytes() <= 48 * timetable.len());
}
