use super::*;

/// A flight between two airports, timed in minutes of a day.
fn leg(id: i64, ends: &str, departs: i64, arrives: i64) -> Leg {
    let (source, destination) = ends.split_at(3);
    let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
    Leg {
        flight: FlightId(id),
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        departs_at: at(departs),
        arrives_at: at(arrives),
        currency: Currency::INR,
    }
}

fn code(legs: &[Leg]) -> String {
    let checked = check(legs, ConnectionWindow::default());
    checked.map_or_else(|broken| broken.code().to_string(), |()| "sold".to_owned())
}

#[test]
fn each_rule_is_named_when_it_is_broken() {
    let first = leg(1, "DELHYD", 0, 100);
    let next = |ends: &str, wait: i64| leg(2, ends, 100 + wait, 300 + wait);
    let in_dollars = Leg {
        currency: Currency::USD,
        ..next("HYDBLR", 60)
    };
    for (legs, expected) in [
        (vec![], "no_flights"),
        (vec![first], "sold"),
        (vec![first, next("HYDBLR", 45)], "sold"),
        (vec![first, next("HYDBLR", 240)], "sold"),
        (vec![first, next("HYDBLR", 44)], "connection_too_short"),
        (vec![first, next("HYDBLR", 0)], "connection_too_short"),
        (vec![first, next("HYDBLR", -30)], "connection_too_short"),
        (vec![first, next("HYDBLR", 241)], "connection_too_long"),
        (vec![first, next("BOMBLR", 60)], "airports_apart"),
        (vec![first, next("HYDDEL", 60)], "airport_twice"),
        (vec![first, first], "flight_twice"),
        (vec![first, in_dollars], "two_currencies"),
    ] {
        assert_eq!(code(&legs), expected, "{legs:?}");
    }
}

#[test]
fn later_legs_are_held_to_the_same() {
    let ends = ["DELHYD", "HYDBLR", "BLRBOM", "BOMGOI", "GOIMAA"];
    let legs: Vec<Leg> = (0i64..)
        .zip(ends)
        .map(|(n, ends)| leg(n, ends, n * 200, n * 200 + 100))
        .collect();
    assert_eq!(code(&legs[..4]), "sold");
    assert_eq!(code(&legs), "too_many_flights");
    let mut back = legs[..3].to_vec();
    back.push(leg(9, "BOMHYD", 600, 700));
    assert_eq!(code(&back), "airport_twice");
}

#[test]
fn what_is_wrong_is_said_with_its_numbers() {
    let legs = [leg(6, "DELBOM", 0, 150), leg(1, "BOMBLR", 120, 200)];
    let broken = check(&legs, ConnectionWindow::default()).unwrap_err();
    assert_eq!(
        broken.to_string(),
        "flight 1 departs 30 min before the flight before it arrives, and a connection takes at least 45 min"
    );
    assert!(broken.code().is_no_itinerary());
}
