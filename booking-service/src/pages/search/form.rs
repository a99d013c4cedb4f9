use domain::SearchOrder;
use domain::sale_rules::holding::SEATS_MAX;
use flight_api::Airport;
use maud::{Markup, html};

use crate::app::catalog::{Airports, Match};
use crate::pages::search::search_form::{FieldError, SearchForm};

/// Filled in with the last search.
pub(super) fn form(
    search_form: &SearchForm,
    airports: &Airports,
    faults: &[FieldError<'_>],
) -> Markup {
    let is_faulty = |field| faults.iter().any(|fault| fault.field == field);
    html! {
        form.search.card action="/search" role="search" aria-label="Flights" {
            (airport_field("from", "From", &search_form.from, airports, is_faulty("from")))
            (airport_field("to", "To", &search_form.to, airports, is_faulty("to")))
            div.field {
                label for="date" { "Departure" }
                input #date type="date" name="date" required value=(search_form.date) aria-invalid=[invalid(is_faulty("date"))];
            }
            div.field {
                label for="seats" { "Seats" }
                input #seats type="number" name="seats" required min="1" max=(SEATS_MAX) value=(search_form.seats) aria-invalid=[invalid(is_faulty("seats"))];
            }
            div.field {
                label for="order" { "Best first" }
                select #order name="order" {
                    @for (order, name) in [(SearchOrder::Cheapest, "Cheapest"), (SearchOrder::Fastest, "Fastest")] {
                        option value=(order.as_str()) selected[order == search_form.order()] { (name) }
                    }
                }
            }
            button.primary { "Search" }
        }
    }
}

fn invalid(is_faulty: bool) -> Option<&'static str> {
    is_faulty.then_some("true")
}

/// A text field with suggestions below it (combobox), loaded from the server.
fn airport_field(
    name: &str,
    label: &str,
    text: &str,
    airports: &Airports,
    is_faulty: bool,
) -> Markup {
    // A known code is shown with its city.
    let text = match airports.resolve(text, 2) {
        Match::One(airport) if !text.trim().is_empty() => shown(airport),
        _ => text.to_owned(),
    };
    let list = format!("{name}-airports");
    html! {
        div.field.combo data-combo {
            label for=(name) { (label) }
            input id=(name) name=(name) required maxlength="80" autocomplete="off" spellcheck="false"
                placeholder="City or airport" value=(text) aria-invalid=[invalid(is_faulty)]
                role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls=(list)
                hx-get="/airports" hx-trigger="input changed delay:120ms" hx-target=(format!("#{list}"))
                hx-sync="this:replace";
            ul id=(list) role="listbox" aria-label=(format!("Airports, {}", label.to_lowercase())) hidden {}
        }
    }
}

/// The field's text for an airport; [`Airports::resolve`] parses it.
fn shown(airport: &Airport) -> String {
    format!("{} ({})", airport.city, airport.code)
}

/// Suggestions of a combobox.
pub(super) fn options(field: &str, airports: &[&Airport]) -> Markup {
    html! {
        @for (index, airport) in airports.iter().enumerate() {
            li role="option" id=(format!("{field}-airport-{index}")) aria-selected="false" data-value=(shown(airport)) {
                b { (airport.code) }
                span { (airport.city) small { (airport.name) ", " (airport.country) } }
            }
        }
    }
}
