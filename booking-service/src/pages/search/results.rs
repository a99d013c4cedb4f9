//! Search results.

use domain::{Amount, SearchOrder};
use flight_api::{Flight, Path, SearchAnswer, SearchRequest};
use maud::{Markup, html};

use crate::app::catalog::Airports;
use crate::pages::search::search_form::SearchForm;
use crate::pages::{formatting, itinerary_view};

/// At most this many free seats are pointed out.
const FEW_SEATS: i32 = 9;

/// Query values of the maximum of stops, with their labels.
const STOPS: [(&str, &str); 3] = [("", "Any stops"), ("1", "1 at most"), ("0", "Nonstop")];

/// The search, with links to fewer stops and the other sort order.
pub(super) fn heading(
    title: &str,
    search: &SearchRequest,
    search_form: &SearchForm,
    found: &SearchAnswer,
) -> Markup {
    let seats = u64::from(search.seats.get());
    html! {
        div.heading {
            div {
                h1 { (title) }
                p.quiet { (formatting::date(search.date)) " · " (formatting::counted(seats, "traveller", "travellers")) }
            }
            @if found.count > 0 || search.max_stops.is_some() {
                div.narrowing {
                    nav.tabs aria-label="Stops" {
                        @for (stops, name) in STOPS {
                            a href=(search_form.with("stops", stops).path()) aria-current=[(stops == search_form.stops).then_some("true")] { (name) }
                        }
                    }
                    nav.tabs aria-label="Order" {
                        @for (order, name) in [(SearchOrder::Cheapest, "Cheapest"), (SearchOrder::Fastest, "Fastest")] {
                            a href=(search_form.with("order", order.as_str()).path()) aria-current=[(order == search.order).then_some("true")] { (name) }
                        }
                    }
                }
            }
        }
    }
}

/// The itineraries, or advice if there are none.
pub(super) fn list(
    search: &SearchRequest,
    search_form: &SearchForm,
    found: &SearchAnswer,
    airports: &Airports,
) -> Markup {
    if found.paths.is_empty() {
        return nothing(search_form);
    }
    html! {
        ol.itineraries #list {
            @for path in &found.paths {
                li { (itinerary(path, search, airports)) }
            }
            @if let Some(meta) = &found.meta {
                @let next = search_form.with("after", &meta.after).path();
                li #more {
                    a.button.quiet href=(next) hx-get=(next) hx-select="#list > li" hx-target="#more" hx-swap="outerHTML" {
                        "More itineraries"
                    }
                }
            }
        }
    }
}

fn nothing(search_form: &SearchForm) -> Markup {
    html! {
        section.card.empty {
            h2 { "No flights on that day" }
            p { "Nothing with enough free seats goes there then" @if search_form.stops.is_empty() { ", not even with three changes" } "." }
            ul.plain {
                li { "SeatView for a day with a price in the calendar." }
                @if !search_form.stops.is_empty() {
                    li { a href=(search_form.with("stops", "").path()) { "Search with any number of stops" } "." }
                }
                @if search_form.seats != "1" {
                    li { a href=(search_form.with("seats", "1").path()) { "Search for one seat" } " instead of " (search_form.seats) "." }
                }
                li { "Try an airport nearby." }
            }
        }
    }
}

fn itinerary(path: &Path, search: &SearchRequest, airports: &Airports) -> Markup {
    let (Some(first), Some(last)) = (path.flights.first(), path.flights.last()) else {
        return html! {};
    };
    let (departs, _) = formatting::times(first, airports.find(first.source), None);
    let (_, arrives) = formatting::times(last, None, airports.find(last.destination));
    let later_days = departs
        .date
        .until(arrives.date)
        .map_or(0, |span| span.get_days());
    let total = path.total_price.checked_mul(search.seats);
    let seats = u64::from(search.seats.get());
    let free = path
        .flights
        .iter()
        .map(|flight| flight.available_seats)
        .min()
        .unwrap_or(0);
    let numbers: Vec<String> = path
        .flights
        .iter()
        .map(|f| f.flight_number.to_string())
        .collect();
    html! {
        article.itinerary.card {
            div.when {
                div.end {
                    time datetime=(departs.machine) { (departs.time) }
                    span { abbr title=(name_of(airports, first)) { (first.source) } " " small { (departs.zone) } }
                }
                div.way {
                    span { (formatting::duration(path.total_time_minutes)) }
                    span.line aria-hidden="true" { @for _ in 0..path.stops { i {} } }
                    span { (stops(path)) }
                }
                div.end {
                    time datetime=(arrives.machine) {
                        (arrives.time)
                        @if later_days != 0 { sup title="days later" { (format!("{later_days:+}")) } }
                    }
                    span { (last.destination) " " small { (arrives.zone) } }
                }
            }
            div.about {
                p.numbers { (numbers.join(" · ")) }
                @if path.stops > 0 { (changes(path, airports)) }
                p.free.few[free <= FEW_SEATS] {
                    (formatting::counted(free.max(0).unsigned_abs().into(), "seat", "seats")) " left"
                }
            }
            div.buy {
                p.price { (formatting::money(total.unwrap_or(Amount::ZERO), path.currency)) }
                p.quiet {
                    @if seats > 1 { "for " (seats) ", " (formatting::money(path.total_price, path.currency)) " each" }
                    @else { "for one" }
                }
                a.button.primary href=(choose(path, search)) {
                    "Choose" span.unseen { " " (numbers.join(" and ")) " at " (departs.time) }
                }
            }
        }
    }
}

fn name_of(airports: &Airports, flight: &Flight) -> String {
    let airport = airports.find(flight.source);
    airport.map_or_else(String::new, |airport| airport.name.clone())
}

fn stops(path: &Path) -> String {
    match path.stops {
        0 => "nonstop".to_owned(),
        1 => "1 stop".to_owned(),
        stops => format!("{stops} stops"),
    }
}

/// Layovers.
fn changes(path: &Path, airports: &Airports) -> Markup {
    let pairs = path.flights.iter().zip(path.flights.iter().skip(1));
    html! {
        ul.changes {
            @for (before, after) in pairs {
                li { (itinerary_view::waiting(before, after, airports)) }
            }
        }
    }
}

/// Link to the seat selection.
fn choose(path: &Path, search: &SearchRequest) -> String {
    let ids: Vec<String> = path
        .flights
        .iter()
        .map(|flight| flight.id.to_string())
        .collect();
    format!(
        "/itinerary?flights={}&seats={}",
        ids.join(","),
        search.seats
    )
}
