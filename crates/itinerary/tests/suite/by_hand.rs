//! One rule at a time, on the smallest network that shows it.

use std::time::Duration;

use domain::{Currency, Money};
use itinerary::{Airport, ConnectionWindow, Flight, Query, SearchError, SearchOrder, Timetable};
use jiff::civil::date;

use crate::schedules::{airport, answer, code, dollars, flight, query};

/// Airports AAA to EEE, all in UTC.
fn airports() -> Vec<Airport> {
    ["AAA", "BBB", "CCC", "DDD", "EEE"]
        .map(|code| airport(code, "UTC"))
        .to_vec()
}

/// A flight on 2024-02-15, from and to a time such as `08:00`.
fn on_the_day(
    id: i64,
    source: &str,
    destination: &str,
    from: &str,
    to: &str,
    price: &str,
) -> Flight {
    let at = |time: &str| format!("2024-02-15T{time}:00Z");
    flight(id, (source, destination), (&at(from), &at(to)), price)
}

fn build(flights: impl IntoIterator<Item = Flight>) -> Timetable {
    Timetable::build(airports(), flights).unwrap()
}

fn a_to_c() -> Query {
    query("AAA", "CCC", date(2024, 2, 15))
}

#[test]
fn a_connection_may_last_exactly_its_least_and_its_most() {
    let timetable = build([
        on_the_day(1, "AAA", "BBB", "08:00", "09:00", "10"),
        on_the_day(2, "BBB", "CCC", "09:44", "11:00", "10"),
        on_the_day(3, "BBB", "CCC", "09:45", "11:00", "20"),
        on_the_day(4, "BBB", "CCC", "13:00", "14:00", "30"),
        on_the_day(5, "BBB", "CCC", "13:01", "14:00", "40"),
    ]);
    assert_eq!(answer(&timetable, &a_to_c()), [[1, 3], [1, 4]]);

    let hour = Duration::from_secs(60 * 60);
    let at_once = ConnectionWindow::new(Duration::ZERO, Duration::MAX).unwrap();
    let five_hours = ConnectionWindow::new(4 * hour + Duration::from_millis(1), 5 * hour).unwrap();
    for (connections, expected) in [(at_once, [2, 3, 4, 5].as_slice()), (five_hours, &[5])] {
        let query = Query {
            connections,
            ..a_to_c()
        };
        let second_legs: Vec<i64> = answer(&timetable, &query)
            .iter()
            .map(|legs| legs[1])
            .collect();
        assert_eq!(second_legs, expected, "{connections:?}");
    }
}

#[test]
fn no_airport_is_visited_twice() {
    let timetable = build([
        on_the_day(1, "AAA", "BBB", "06:00", "07:00", "10"),
        // Back to the source and on.
        on_the_day(2, "BBB", "AAA", "08:00", "09:00", "10"),
        on_the_day(3, "AAA", "CCC", "10:00", "11:00", "10"),
        // A loop through DDD.
        on_the_day(4, "BBB", "DDD", "08:00", "09:00", "10"),
        on_the_day(5, "DDD", "BBB", "10:00", "11:00", "10"),
        on_the_day(6, "BBB", "CCC", "12:00", "13:00", "10"),
        // Through the destination and back.
        on_the_day(7, "CCC", "EEE", "12:00", "13:00", "10"),
        on_the_day(8, "EEE", "CCC", "14:00", "15:00", "10"),
    ]);
    assert_eq!(answer(&timetable, &a_to_c()), [[3]]);
}

#[test]
fn ties_go_to_the_next_key() {
    let timetable = build([
        on_the_day(9, "AAA", "CCC", "08:00", "10:00", "50"),
        on_the_day(8, "AAA", "CCC", "08:00", "10:00", "50"),
        on_the_day(7, "AAA", "CCC", "09:00", "11:00", "50"),
        on_the_day(6, "AAA", "CCC", "07:00", "08:00", "60"),
        on_the_day(5, "AAA", "BBB", "06:00", "07:00", "30"),
        on_the_day(4, "BBB", "CCC", "08:00", "10:00", "20"),
        on_the_day(3, "BBB", "CCC", "08:00", "10:00", "20"),
    ]);
    let cheapest: [&[i64]; 6] = [&[8], &[9], &[7], &[5, 3], &[5, 4], &[6]];
    let fastest: [&[i64]; 6] = [&[6], &[8], &[9], &[7], &[5, 3], &[5, 4]];
    for limit in 0..=7 {
        for (order, expected) in [
            (SearchOrder::Cheapest, cheapest),
            (SearchOrder::Fastest, fastest),
        ] {
            let query = Query {
                order,
                limit,
                ..a_to_c()
            };
            assert_eq!(answer(&timetable, &query), expected[..limit.min(6)]);
        }
    }
}

#[test]
fn the_last_place_goes_to_the_better_of_two_that_tie() {
    let timetable = build([
        on_the_day(8, "AAA", "BBB", "08:00", "09:00", "20"),
        on_the_day(9, "BBB", "CCC", "09:45", "11:00", "30"),
        on_the_day(2, "AAA", "DDD", "08:00", "09:00", "20"),
        on_the_day(3, "DDD", "CCC", "09:45", "11:00", "30"),
        on_the_day(5, "AAA", "EEE", "08:00", "09:00", "20"),
        on_the_day(6, "EEE", "CCC", "09:45", "11:00", "30"),
    ]);
    for order in [SearchOrder::Cheapest, SearchOrder::Fastest] {
        for limit in 1..=3 {
            let query = Query {
                order,
                limit,
                ..a_to_c()
            };
            let expected = [[2, 3], [5, 6], [8, 9]];
            assert_eq!(answer(&timetable, &query), expected[..limit]);
        }
    }
}

#[test]
fn legs_of_two_currencies_do_not_connect() {
    let in_currency = |mut flight: Flight, currency| {
        flight.price = Money::new(flight.price.amount(), currency).unwrap();
        flight
    };
    let timetable = build([
        on_the_day(1, "AAA", "BBB", "08:00", "09:00", "10"),
        in_currency(
            on_the_day(2, "BBB", "CCC", "10:00", "11:00", "10"),
            Currency::INR,
        ),
        in_currency(
            on_the_day(3, "AAA", "BBB", "08:00", "09:00", "12"),
            Currency::INR,
        ),
        on_the_day(4, "BBB", "CCC", "10:00", "11:00", "11"),
    ]);
    // Amounts compare whatever their currency.
    assert_eq!(answer(&timetable, &a_to_c()), [[1, 4], [3, 2]]);
    let found = timetable.search(&a_to_c(), |_| true).unwrap();
    assert_eq!(found[0].price, dollars("21"));
    assert_eq!(found[1].price.currency(), Currency::INR);
}

#[test]
fn a_price_that_no_amount_can_hold_is_left_out() {
    let dear = |mut flight: Flight| {
        flight.price = dollars("10000000000");
        flight
    };
    let timetable = build([
        dear(on_the_day(1, "AAA", "BBB", "08:00", "09:00", "0")),
        dear(on_the_day(2, "BBB", "CCC", "10:00", "11:00", "0")),
        on_the_day(3, "BBB", "CCC", "10:00", "11:00", "0"),
    ]);
    assert_eq!(answer(&timetable, &a_to_c()), [[1, 3]]);
}

#[test]
fn the_date_is_that_of_the_source() {
    let zones = [
        airport("CXI", "Pacific/Kiritimati"),
        airport("HNL", "Pacific/Honolulu"),
        airport("LAX", "America/Los_Angeles"),
    ];
    let timetable = Timetable::build(
        zones,
        [
            // Leaves Kiritimati on the 16th in the morning, arrives in Honolulu on the 15th.
            flight(
                1,
                ("CXI", "HNL"),
                ("2024-02-15T18:00:00Z", "2024-02-15T21:00:00Z"),
                "100",
            ),
            // Leaves Honolulu on the 15th, arrives in Los Angeles on the 16th, still the 15th UTC.
            flight(
                2,
                ("HNL", "LAX"),
                ("2024-02-15T23:00:00Z", "2024-02-16T08:30:00Z"),
                "100",
            ),
            // The last and the first second of a day in Kiritimati.
            flight(
                3,
                ("CXI", "LAX"),
                ("2024-02-16T09:59:59Z", "2024-02-16T20:00:00Z"),
                "900",
            ),
            flight(
                4,
                ("CXI", "LAX"),
                ("2024-02-16T10:00:00Z", "2024-02-16T20:00:00Z"),
                "900",
            ),
        ],
    )
    .unwrap();
    let on = |day| answer(&timetable, &query("CXI", "LAX", date(2024, 2, day)));
    assert!(on(15).is_empty());
    assert_eq!(on(16), [vec![1, 2], vec![3]]);
    assert_eq!(on(17), [[4]]);
    let from_honolulu = answer(&timetable, &query("HNL", "LAX", date(2024, 2, 15)));
    assert_eq!(from_honolulu, [[2]]);
}

#[test]
fn a_query_that_makes_no_sense_is_refused_by_name() {
    let timetable = build([]);
    assert!(timetable.is_empty());
    let day = date(2024, 2, 15);
    let refused = |query: &Query| timetable.search(query, |_| true).unwrap_err();
    assert_eq!(
        refused(&query("XXX", "AAA", day)),
        SearchError::UnknownSource(code("XXX"))
    );
    assert_eq!(
        refused(&query("AAA", "XXX", day)),
        SearchError::UnknownDestination(code("XXX"))
    );
    assert_eq!(
        refused(&query("AAA", "AAA", day)),
        SearchError::SameAirport(code("AAA"))
    );
    let four_stops = Query {
        max_stops: 4,
        ..a_to_c()
    };
    assert_eq!(refused(&four_stops), SearchError::TooManyStops(4));
    assert!(answer(&timetable, &a_to_c()).is_empty());
}

#[test]
fn an_order_is_written_as_it_is_read() {
    for order in [SearchOrder::Cheapest, SearchOrder::Fastest] {
        assert_eq!(order.to_string().parse(), Ok(order));
    }
    assert_eq!("cheapest".parse(), Ok(SearchOrder::Cheapest));
    assert!("Cheapest".parse::<SearchOrder>().is_err());
    assert!("".parse::<SearchOrder>().is_err());
}

#[test]
fn a_window_is_not_reversed() {
    let seconds = Duration::from_secs;
    assert!(ConnectionWindow::new(seconds(61), seconds(60)).is_err());
    let window = ConnectionWindow::new(seconds(60), seconds(60)).unwrap();
    assert_eq!((window.min_seconds(), window.max_seconds()), (60, 60));
    let default = ConnectionWindow::new(seconds(45 * 60), seconds(4 * 60 * 60));
    assert_eq!(default, Ok(ConnectionWindow::default()));
}
