//! What a timetable keeps and what it refuses.

use std::collections::BTreeSet;

use domain::FlightId;
use itinerary::{BuildError, Flight, Timetable};
use jiff::SignedDuration;

use crate::schedules::{airport, code, demo, flight};

const TIMES: (&str, &str) = ("2024-02-15T08:00:00Z", "2024-02-15T09:00:00Z");

fn refused(flights: impl IntoIterator<Item = Flight>) -> BuildError {
    let airports = [airport("AAA", "UTC"), airport("BBB", "UTC")];
    Timetable::build(airports, flights).unwrap_err()
}

#[test]
fn what_cannot_fly_is_refused_by_name() {
    let good = flight(1, ("AAA", "BBB"), TIMES, "10");
    let unknown_airport = BuildError::UnknownAirport {
        flight: FlightId(2),
        airport: code("XXX"),
    };
    let nanosecond = SignedDuration::from_nanos(1);
    let century = SignedDuration::from_hours(100 * 365 * 24);
    for (wrong, error) in [
        (
            flight(2, ("XXX", "BBB"), TIMES, "10"),
            unknown_airport.clone(),
        ),
        (flight(2, ("AAA", "XXX"), TIMES, "10"), unknown_airport),
        (
            flight(2, ("AAA", "AAA"), TIMES, "10"),
            BuildError::SameAirport(FlightId(2)),
        ),
        (
            Flight {
                id: FlightId(2),
                arrives_at: good.departs_at,
                ..good
            },
            BuildError::ArrivalNotAfterDeparture(FlightId(2)),
        ),
        (
            Flight {
                id: FlightId(2),
                departs_at: good.departs_at + nanosecond,
                ..good
            },
            BuildError::FractionOfSecond(FlightId(2)),
        ),
        (
            Flight {
                id: FlightId(2),
                arrives_at: good.arrives_at + nanosecond,
                ..good
            },
            BuildError::FractionOfSecond(FlightId(2)),
        ),
        (
            Flight {
                id: FlightId(2),
                arrives_at: good.arrives_at + century + century,
                ..good
            },
            BuildError::OutOfRange(FlightId(2)),
        ),
        (good, BuildError::DuplicateFlight(FlightId(1))),
    ] {
        assert_eq!(refused([good, wrong]), error);
    }
}

#[test]
fn an_airport_is_there_once() {
    let airports = ["AAA", "BBB", "AAA"].map(|code| airport(code, "UTC"));
    assert_eq!(
        Timetable::build(airports, []).unwrap_err(),
        BuildError::DuplicateAirport(code("AAA"))
    );
}

#[test]
fn every_flight_and_airport_comes_back_as_it_went_in() {
    let (airports, flights) = demo();
    let timetable = Timetable::build(airports.clone(), flights.clone()).unwrap();
    assert_eq!(timetable.len(), flights.len());
    let slots: BTreeSet<usize> = timetable.flights().map(|(slot, _)| slot.index()).collect();
    assert!(slots.into_iter().eq(0..flights.len()));
    for flight in flights {
        let slot = timetable.slot_of(flight.id).unwrap();
        assert_eq!(timetable.flight(slot), flight);
    }
    for (slot, flight) in timetable.flights() {
        assert_eq!(timetable.slot_of(flight.id), Some(slot));
    }
    assert_eq!(timetable.slot_of(FlightId(0)), None);
    assert_eq!(timetable.slot_of(FlightId(18)), None);

    assert_eq!(timetable.airports().len(), airports.len());
    for airport in &airports {
        assert_eq!(timetable.airport(airport.code), Some(airport));
    }
    assert_eq!(timetable.airport(code("XXX")), None);
}
