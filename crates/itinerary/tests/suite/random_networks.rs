//! Property tests on small random networks, dense with ties, loops and sold-out legs, against the oracle.

use std::collections::HashSet;
use std::time::Duration;

use domain::sale_rules::itinerary::{self as rules, Leg};
use domain::{AirlineCode, Amount, Currency, FlightId, Money};
use itinerary::{
    Airport, ConnectionWindow, Filters, Flight, MAX_STOPS, Query, SearchOrder, TimeWindow,
    Timetable,
};
use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::oracle::{Found, Oracle, searched};
use crate::schedules::{airport, code};

/// Airports on both sides of the date line, with and without daylight saving time.
fn airports() -> Vec<Airport> {
    vec![
        airport("CXI", "Pacific/Kiritimati"),
        airport("DEL", "Asia/Kolkata"),
        airport("HAV", "America/Havana"),
        airport("HNL", "Pacific/Honolulu"),
        airport("LAX", "America/Los_Angeles"),
        airport("LHR", "Europe/London"),
    ]
}

const CODES: [&str; 6] = ["CXI", "DEL", "HAV", "HNL", "LAX", "LHR"];

/// An ordinary day, and the days on which American clocks change.
fn day() -> impl Strategy<Value = Date> {
    prop::sample::select(vec![
        date(2024, 2, 15),
        date(2024, 3, 10),
        date(2024, 11, 3),
    ])
}

const AIRLINES: [&str; 3] = ["AI", "6E", "EZY"];

/// Two different airports.
fn pair() -> impl Strategy<Value = (usize, usize)> {
    (0..CODES.len(), 1..CODES.len()).prop_map(|(one, step)| (one, (one + step) % CODES.len()))
}

/// Few distinct prices, so that ties are common; sometimes one whose sum overflows.
fn price() -> impl Strategy<Value = Money> {
    let scaled = prop_oneof![
        30 => (-1_i64..=2).prop_map(|step| step * 50_000),
        1 => Just(Amount::MAX_TEN_THOUSANDTHS),
        1 => Just(-Amount::MAX_TEN_THOUSANDTHS),
    ];
    let currency = prop_oneof![4 => Just(Currency::USD), 1 => Just(Currency::INR)];
    (scaled, currency).prop_map(|(scaled, currency)| {
        let amount = Amount::from_ten_thousandths(scaled).unwrap();
        Money::new(amount, currency).unwrap()
    })
}

/// Flights around a day on a 15-minute grid, without ids yet, and whether each is open.
fn flights(day: Date) -> impl Strategy<Value = Vec<(Flight, bool)>> {
    let midnight = day.to_zoned(TimeZone::UTC).unwrap().timestamp();
    let quarters = |count: i64| SignedDuration::from_mins(15 * count);
    let airline = prop::sample::select(AIRLINES.to_vec());
    let flight = (pair(), -56_i64..=120, 1_i64..=12, price(), airline);
    let flight = flight.prop_map(
        move |((source, destination), start, length, price, airline)| Flight {
            id: FlightId(0),
            source: code(CODES[source]),
            destination: code(CODES[destination]),
            departs_at: midnight + quarters(start),
            arrives_at: midnight + quarters(start + length),
            price,
            airline: airline.parse().unwrap(),
        },
    );
    prop::collection::vec((flight, prop::bool::weighted(0.9)), 0..=250)
}

fn connections() -> impl Strategy<Value = ConnectionWindow> {
    let quarters = |count: u64| Duration::from_secs(15 * 60 * count);
    let any = (0_u64..=8, 0_u64..=24)
        .prop_map(move |(min, more)| ConnectionWindow::new(quarters(min), quarters(min + more)));
    prop_oneof![
        Just(ConnectionWindow::default()),
        any.prop_map(Result::unwrap)
    ]
}

/// Windows on the half hour; some span midnight.
fn window() -> impl Strategy<Value = TimeWindow> {
    let time = |half_hours: i8| Time::constant(half_hours / 2, half_hours % 2 * 30, 0, 0);
    (0_i8..48, 0_i8..48).prop_map(move |(from, to)| TimeWindow::new(time(from), time(to)))
}

/// Each filter is set now and then, so that several combine and some answers are empty. Via and excluded
/// airports are indexes, which may contradict the query.
fn filters() -> impl Strategy<Value = (Filters, Vec<usize>, Vec<usize>)> {
    let sometimes = 0.25;
    let max_price =
        (0_i64..=6).prop_map(|step| Amount::from_ten_thousandths(step * 50_000).unwrap());
    let max_duration_s = (1_u32..=40).prop_map(|quarters| quarters * 15 * 60);
    let airlines = prop::sample::subsequence(AIRLINES.to_vec(), 1..=2)
        .prop_map(|airlines| airlines.iter().map(|code| code.parse().unwrap()).collect());
    let airports = || prop::sample::subsequence((0..CODES.len()).collect::<Vec<_>>(), 1..=2);
    (
        prop::option::weighted(sometimes, max_price),
        prop::option::weighted(sometimes, max_duration_s),
        prop::option::weighted(sometimes, window()),
        prop::option::weighted(sometimes, window()),
        prop::option::weighted(sometimes, airlines),
        prop::option::weighted(sometimes, airports()),
        prop::option::weighted(sometimes, airports()),
    )
        .prop_map(
            |(max_price, max_duration_s, departure, arrival, airlines, via, exclude)| {
                let airlines: Option<Vec<AirlineCode>> = airlines;
                let filters = Filters {
                    max_price,
                    max_duration_s,
                    departure,
                    arrival,
                    airlines: airlines.unwrap_or_default(),
                    ..Filters::default()
                };
                (
                    filters,
                    via.unwrap_or_default(),
                    exclude.unwrap_or_default(),
                )
            },
        )
}

/// A query, half of the time with filters. Filters that contradict it are left out.
fn filtered_query(day: Date) -> impl Strategy<Value = Query> {
    (query(day), filters()).prop_map(|(query, (filters, via, exclude))| {
        let codes = |indexes: Vec<usize>| -> Vec<_> {
            let codes = indexes.into_iter().map(|index| code(CODES[index]));
            codes
                .filter(|code| ![query.source, query.destination].contains(code))
                .collect()
        };
        let mut via = codes(via);
        via.truncate(usize::from(query.max_stops));
        let mut exclude = codes(exclude);
        exclude.retain(|code| !via.contains(code));
        let filters = Filters {
            via,
            exclude,
            ..filters
        };
        Query { filters, ..query }
    })
}

fn query(day: Date) -> impl Strategy<Value = Query> {
    let order = prop::sample::select(vec![SearchOrder::Cheapest, SearchOrder::Fastest]);
    let limit = prop_oneof![0_usize..=6, 7_usize..=50];
    (pair(), -1_i64..=1, order, 0_u8..=3, limit, connections()).prop_map(
        move |((source, destination), days, order, max_stops, limit, connections)| Query {
            source: code(CODES[source]),
            destination: code(CODES[destination]),
            date: day + days.days(),
            order,
            max_stops,
            limit,
            connections,
            filters: Filters::default(),
            after: None,
        },
    )
}

/// A network, its open flights, and queries. Ids are unrelated to the order of departures.
fn network() -> impl Strategy<Value = (Vec<Flight>, HashSet<FlightId>, Vec<Query>)> {
    day().prop_flat_map(|day| {
        let numbered = flights(day).prop_map(|flights| {
            let mut open = HashSet::new();
            let numbered = flights
                .into_iter()
                .zip(1_i64..)
                .map(|((mut flight, is_open), id)| {
                    flight.id = FlightId(if id % 2 == 0 { id } else { 1000 - id });
                    if is_open {
                        open.insert(flight.id);
                    }
                    flight
                });
            (numbered.collect::<Vec<Flight>>(), open)
        });
        let queries = prop::collection::vec(prop_oneof![query(day), filtered_query(day)], 8);
        (numbered, queries).prop_map(|((flights, open), queries)| (flights, open, queries))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_answer_is_the_oracles((flights, open, queries) in network()) {
        let airports = airports();
        let oracle = Oracle::new(&airports, &flights);
        let timetable = Timetable::build(airports, flights).unwrap();
        let is_open = |id: FlightId| open.contains(&id);
        for query in queries {
            let expected = Oracle::answer(oracle.all(&query, &is_open), &query);
            prop_assert_eq!(searched(&timetable, &query, &is_open), expected, "{:?}", query);
        }
    }

    #[test]
    fn a_longer_answer_begins_with_the_shorter((flights, open, queries) in network()) {
        let timetable = Timetable::build(airports(), flights).unwrap();
        let is_open = |id: FlightId| open.contains(&id);
        for query in queries {
            let whole = searched(&timetable, &Query { limit: usize::MAX, ..query.clone() }, &is_open);
            let part = searched(&timetable, &query, &is_open);
            prop_assert_eq!(&part, &whole[..whole.len().min(query.limit)]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Consecutive pages have no gap and no repeat.
    #[test]
    fn the_pages_of_a_search_are_the_whole_list((flights, open, queries) in network(), limit in 1_usize..=9) {
        let timetable = Timetable::build(airports(), flights).unwrap();
        let is_open = |id: FlightId| open.contains(&id);
        for query in queries {
            let whole = searched(&timetable, &Query { limit: usize::MAX, ..query.clone() }, &is_open);
            let mut walked = Vec::new();
            let mut page = Query { limit, ..query };
            loop {
                let is_open = |slot| open.contains(&timetable.flight(slot).id);
                let found = timetable.search(&page, is_open).unwrap();
                walked.extend(found.iter().map(|itinerary| Found::of(&timetable, itinerary)));
                let Some(last) = found.last() else { break };
                prop_assert!(found.len() <= limit);
                // A cursor travels as text.
                let place = timetable.place(last, page.order).to_string();
                page.after = Some(place.parse().unwrap());
            }
            prop_assert_eq!(&walked, &whole, "{:?}", page);
        }
    }

    #[test]
    fn a_days_cheapest_is_the_first_of_its_search((flights, open, queries) in network()) {
        let timetable = Timetable::build(airports(), flights).unwrap();
        let is_open = |slot| open.contains(&timetable.flight(slot).id);
        for query in queries {
            let days = [query.date, query.date.tomorrow().unwrap()];
            let cheapest = timetable.cheapest_of_days(&query, days, is_open).map(Result::unwrap);
            for (day, (date, found)) in days.into_iter().zip(cheapest) {
                let query = Query { date, order: SearchOrder::Cheapest, limit: 1, ..query.clone() };
                prop_assert_eq!(day, date);
                let first = timetable.search(&query, is_open).unwrap().pop();
                prop_assert_eq!(first, found);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The search finds exactly what the rules allow: all sequences of flights that pass them, grown leg by
    /// leg.
    #[test]
    fn what_is_found_is_what_the_rules_allow((mut flights, _, queries) in network()) {
        // So few that every sequence can be grown.
        flights.truncate(90);
        let timetable = Timetable::build(airports(), flights.clone()).unwrap();
        for query in queries.into_iter().take(3) {
            let query = Query {
                limit: usize::MAX,
                max_stops: MAX_STOPS,
                filters: Filters::default(),
                ..query
            };
            let allowed = allowed_by_the_rules(&flights, query.connections);
            let day = |flight: &Flight| {
                let zone = airports().into_iter().find(|one| one.code == flight.source).unwrap();
                flight.departs_at.to_zoned(zone.time_zone).date()
            };
            let is_asked_for = |legs: &&Vec<Flight>| {
                legs[0].source == query.source
                    && legs[legs.len() - 1].destination == query.destination
                    && day(&legs[0]) == query.date
            };
            let mut expected: Vec<Vec<FlightId>> = allowed
                .iter()
                .filter(is_asked_for)
                .map(|legs| legs.iter().map(|leg| leg.id).collect())
                .collect();
            let found = searched(&timetable, &query, &|_| true);
            let mut found: Vec<Vec<FlightId>> = found.into_iter().map(|one| one.ids).collect();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected, "{:?}", query);
        }
    }
}

/// All itineraries whose price is in range.
fn allowed_by_the_rules(flights: &[Flight], connections: ConnectionWindow) -> Vec<Vec<Flight>> {
    let mut all = Vec::new();
    let mut begun: Vec<Vec<Flight>> = vec![Vec::new()];
    while let Some(legs) = begun.pop() {
        for flight in flights {
            let mut longer = legs.clone();
            longer.push(*flight);
            let checked: Vec<Leg> = longer.iter().map(Flight::leg).collect();
            if rules::check(&checked, connections).is_ok() {
                begun.push(longer);
            }
        }
        if !legs.is_empty() {
            all.push(legs);
        }
    }
    all.retain(|legs| {
        let sum = legs
            .iter()
            .map(|leg| leg.price.amount().ten_thousandths())
            .sum();
        Amount::from_ten_thousandths(sum).is_ok()
    });
    all
}

/// The tests above are worthless unless itineraries of every length occur.
#[test]
fn random_networks_have_itineraries_of_every_length() {
    let mut lengths = [0_usize; 5];
    let mut runner = TestRunner::deterministic();
    for _ in 0..50 {
        let (flights, open, queries) = network().new_tree(&mut runner).unwrap().current();
        let oracle = Oracle::new(&airports(), &flights);
        for query in queries {
            for found in oracle.all(&query, &|id| open.contains(&id)) {
                lengths[found.ids.len()] += 1;
                assert!(found.departs_at < Timestamp::MAX);
            }
        }
    }
    assert!(lengths[1..].iter().all(|count| *count > 50), "{lengths:?}");
}
