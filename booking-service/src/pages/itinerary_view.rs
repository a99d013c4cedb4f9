//! Flights and itineraries in words.

use flight_api::Flight;
use maud::{Markup, html};

use crate::app::catalog::Airports;
use crate::pages::formatting;

/// `Delhi to Mumbai`.
pub(super) fn title<'a>(
    flights: impl DoubleEndedIterator<Item = &'a Flight>,
    airports: &Airports,
) -> String {
    let mut flights = flights;
    let city = |code| {
        let airport = airports.find(code);
        airport.map_or_else(|| code.to_string(), |airport| airport.city.clone())
    };
    let Some(first) = flights.next() else {
        return "Your trip".to_owned();
    };
    let last = flights.next_back().unwrap_or(first);
    format!("{} to {}", city(first.source), city(last.destination))
}

/// Number, airports and times of one flight.
pub(super) fn leg(flight: &Flight, airports: &Airports) -> Markup {
    let (source, destination) = (
        airports.find(flight.source),
        airports.find(flight.destination),
    );
    let (departs, arrives) = formatting::times(flight, source, destination);
    let minutes = flight
        .arrival_time
        .duration_since(flight.departure_time)
        .as_mins();
    let city = |airport: Option<&flight_api::Airport>| airport.map(|one| one.city.clone());
    html! {
        div.leg-head {
            h2 { (flight.flight_number) }
            p.quiet { (formatting::date(departs.date)) " · " (formatting::duration(minutes)) }
        }
        dl.ends {
            div {
                dt { time datetime=(departs.machine) { (departs.time) } " " small { (departs.zone) } }
                dd { b { (flight.source) } " " (city(source).unwrap_or_default()) }
            }
            div {
                dt {
                    time datetime=(arrives.machine) { (arrives.time) } " " small { (arrives.zone) }
                    @if arrives.date != departs.date { " " small { (formatting::short_date(arrives.date)) } }
                }
                dd { b { (flight.destination) } " " (city(destination).unwrap_or_default()) }
            }
        }
    }
}

/// Pairs each item with its predecessor.
pub(super) fn with_before<T>(all: &[T]) -> impl Iterator<Item = (Option<&T>, &T)> {
    std::iter::once(None).chain(all.iter().map(Some)).zip(all)
}

/// The layover before a flight; empty before the first.
pub(super) fn wait(before: Option<&Flight>, after: &Flight, airports: &Airports) -> Markup {
    html! {
        @if let Some(before) = before { p.wait { (waiting(before, after, airports)) } }
    }
}

/// `1 h 30 min in Goa`.
pub(super) fn waiting(before: &Flight, after: &Flight, airports: &Airports) -> String {
    let wait = after.departure_time.duration_since(before.arrival_time);
    let airport = airports.find(after.source);
    let city = airport.map_or(after.source.as_str(), |airport| &airport.city);
    format!("{} in {city}", formatting::duration(wait.as_mins()))
}
