//! One filter at a time, and the next page after a cursor.

use itinerary::{
    ConnectionWindow, Cursor, Filters, Query, SearchError, SearchOrder, TimeWindow, Timetable,
};
use jiff::civil::date;

use crate::schedules::{airport, answer, code, demo, flight, query};

fn timetable() -> Timetable {
    let (airports, flights) = demo();
    Timetable::build(airports, flights).unwrap()
}

/// Delhi to Bengaluru: two direct flights, two itineraries via Hyderabad, one via Kolkata.
fn to_bengaluru(filters: Filters) -> Query {
    Query {
        filters,
        ..query("DEL", "BLR", date(2024, 2, 15))
    }
}

fn none() -> Filters {
    Filters::default()
}

#[test]
fn each_filter_leaves_what_it_says() {
    let direct: [&[i64]; 2] = [&[4], &[5]];
    let by_hyderabad: [&[i64]; 2] = [&[8, 9], &[8, 11]];
    let by_kolkata: [&[i64]; 1] = [&[12, 13]];
    let window = |text: &str| -> Option<TimeWindow> { Some(text.parse().unwrap()) };
    for (filters, expected) in [
        (
            Filters {
                max_price: Some("15000".parse().unwrap()),
                ..none()
            },
            [&direct[..], &by_hyderabad[..]].concat(),
        ),
        (
            Filters {
                max_price: Some("14999.99".parse().unwrap()),
                ..none()
            },
            direct.to_vec(),
        ),
        (
            Filters {
                via: vec![code("HYD")],
                ..none()
            },
            by_hyderabad.to_vec(),
        ),
        (
            Filters {
                exclude: vec![code("HYD")],
                ..none()
            },
            [&direct[..], &by_kolkata[..]].concat(),
        ),
        (
            Filters {
                airlines: vec!["6E".parse().unwrap()],
                ..none()
            },
            Vec::new(),
        ),
        (
            Filters {
                max_duration_s: Some(270 * 60),
                ..none()
            },
            [&direct[..], &by_hyderabad[..1]].concat(),
        ),
    ] {
        assert_eq!(
            answer(&timetable(), &to_bengaluru(filters.clone())),
            expected,
            "{filters:?}"
        );
    }

    // Windows are in Delhi's and Bengaluru's local time; the departures and arrivals are read back.
    let timetable = timetable();
    let all = timetable.search(&to_bengaluru(none()), |_| true).unwrap();
    for itinerary in &all {
        let local = |at: jiff::Timestamp| {
            at.in_tz("Asia/Kolkata")
                .unwrap()
                .strftime("%H:%M")
                .to_string()
        };
        let (departs, arrives) = (local(itinerary.departs_at), local(itinerary.arrives_at));
        let filters = Filters {
            departure: window(&format!("{departs}-{departs}")),
            arrival: window(&format!("{arrives}-{arrives}")),
            ..none()
        };
        let found = timetable.search(&to_bengaluru(filters), |_| true).unwrap();
        assert!(found.contains(itinerary));
        assert!(found.iter().all(|one| local(one.departs_at) == departs));
    }
}

#[test]
fn windows_are_by_the_clocks_of_each_end() {
    let timetable = Timetable::build(
        [
            airport("CXI", "Pacific/Kiritimati"),
            airport("LAX", "America/Los_Angeles"),
        ],
        // Departs on the 16th at 01:00 (UTC+14), arrives on the 15th at 11:00 (UTC-8).
        [flight(
            1,
            ("CXI", "LAX"),
            ("2024-02-15T11:00:00Z", "2024-02-15T19:00:00Z"),
            "900",
        )],
    )
    .unwrap();
    for (departure, arrival, found) in [
        ("01:00-01:00", "11:00-11:00", true),
        ("23:00-02:00", "10:00-12:00", true),
        ("11:00-11:00", "11:00-11:00", false),
        ("01:00-01:00", "19:00-19:00", false),
    ] {
        let query = Query {
            filters: Filters {
                departure: Some(departure.parse().unwrap()),
                arrival: Some(arrival.parse().unwrap()),
                ..none()
            },
            ..query("CXI", "LAX", date(2024, 2, 16))
        };
        assert_eq!(
            !answer(&timetable, &query).is_empty(),
            found,
            "{departure} {arrival}"
        );
    }
}

#[test]
fn a_filter_that_contradicts_the_query_is_refused_by_name() {
    let timetable = timetable();
    let refused = |filters: Filters| {
        timetable
            .search(&to_bengaluru(filters), |_| true)
            .unwrap_err()
    };
    let via = |codes: &[&str]| Filters {
        via: codes.iter().map(|text| code(text)).collect(),
        ..none()
    };
    let exclude = |text| Filters {
        exclude: vec![code(text)],
        ..none()
    };
    assert_eq!(refused(via(&["XXX"])), SearchError::UnknownVia(code("XXX")));
    assert_eq!(refused(via(&["BLR"])), SearchError::ViaAtAnEnd(code("BLR")));
    assert_eq!(
        refused(exclude("XXX")),
        SearchError::UnknownExcluded(code("XXX"))
    );
    assert_eq!(
        refused(exclude("DEL")),
        SearchError::EndExcluded(code("DEL"))
    );
    assert_eq!(
        refused(Filters {
            exclude: vec![code("HYD")],
            ..via(&["HYD"])
        }),
        SearchError::ViaExcluded(code("HYD"))
    );
    let one_stop = Query {
        max_stops: 1,
        ..to_bengaluru(via(&["HYD", "CCU"]))
    };
    assert_eq!(
        timetable.search(&one_stop, |_| true),
        Err(SearchError::ViaNeedsMoreStops {
            airports: 2,
            max_stops: 1
        })
    );
    // A via airport named twice counts once.
    assert!(
        timetable
            .search(&to_bengaluru(via(&["HYD"; 5])), |_| true)
            .is_ok()
    );
}

#[test]
fn an_answer_goes_on_after_a_place() {
    let timetable = timetable();
    let query = to_bengaluru(none());
    let all = timetable.search(&query, |_| true).unwrap();
    for (index, itinerary) in all.iter().enumerate() {
        let place = timetable.place(itinerary, SearchOrder::Cheapest);
        let rest = Query {
            after: Some(place),
            ..query.clone()
        };
        assert_eq!(timetable.search(&rest, |_| true).unwrap(), all[index + 1..]);
        let later: Vec<bool> = all
            .iter()
            .map(|one| place.is_before(&timetable, one))
            .collect();
        let expected: Vec<bool> = (0..all.len()).map(|other| other > index).collect();
        assert_eq!(later, expected);
        // The cursor is valid although its itinerary is gone.
        let gone = itinerary.legs()[0];
        let left = timetable.search(&rest, |slot| slot != gone).unwrap();
        assert!(left.iter().all(|one| all[index + 1..].contains(one)));
    }
    let before_all: Cursor = "cheapest.-1.1.0.0".parse().unwrap();
    let query = Query {
        after: Some(before_all),
        ..query
    };
    assert_eq!(timetable.search(&query, |_| true).unwrap(), all);
    let fastest = Query {
        order: SearchOrder::Fastest,
        ..query
    };
    assert_eq!(
        timetable.search(&fastest, |_| true),
        Err(SearchError::CursorOfOtherOrder(SearchOrder::Cheapest))
    );
}

#[test]
fn legs_that_connect_are_an_itinerary() {
    let timetable = timetable();
    let connections = ConnectionWindow::default();
    for found in timetable.search(&to_bengaluru(none()), |_| true).unwrap() {
        assert_eq!(
            timetable.itinerary_of(found.legs(), connections),
            Some(found)
        );
    }
    let slot = |id| timetable.slot_of(domain::FlightId(id)).unwrap();
    // AI401 to Hyderabad, where AI402 connects.
    for legs in [
        vec![],
        vec![slot(9), slot(8)],
        vec![slot(8), slot(8)],
        vec![slot(8); 5],
    ] {
        assert_eq!(timetable.itinerary_of(&legs, connections), None, "{legs:?}");
    }
}
