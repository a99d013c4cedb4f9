//! Fare calendar: the lowest fare of each day of a month, linked to that day's search.

use domain::Amount;
use flight_api::{CalendarAnswer, CalendarDay, SearchRequest};
use jiff::ToSpan as _;
use jiff::civil::Date;
use maud::{Markup, html};

use crate::pages::formatting;
use crate::pages::search::search_form::SearchForm;

const WEEKDAYS: [(&str, &str); 7] = [
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
];

pub(super) fn calendar(
    fares: &CalendarAnswer,
    search: &SearchRequest,
    search_form: &SearchForm,
) -> Markup {
    let name = search.date.strftime("%B %Y").to_string();
    let currency = fares.days.iter().find_map(|day| day.currency);
    let lowest = fares.days.iter().filter_map(|day| day.price).min();
    html! {
        section.card.calendar aria-labelledby="fares" {
            div.heading {
                (other_month(search.date.checked_sub(1.month()).ok(), "‹", "Month before", search_form))
                h2 #fares { (name) }
                (other_month(search.date.checked_add(1.month()).ok(), "›", "Month after", search_form))
            }
            table {
                thead { tr { @for (short, long) in WEEKDAYS { th scope="col" { abbr title=(long) { (short) } } } } }
                tbody {
                    @for week in weeks(&fares.days) {
                        tr { @for day in week { td { @if let Some(day) = day { (cell(day, search, search_form, lowest)) } } } }
                    }
                }
            }
            p.hint { "The lowest price of one seat" @if let Some(currency) = currency { ", " (currency) } ", with " (formatting::counted(search.seats.get().into(), "seat", "seats")) " free." }
        }
    }
}

fn other_month(day: Option<Date>, sign: &str, name: &str, search_form: &SearchForm) -> Markup {
    html! {
        @if let Some(day) = day {
            a.step href=(search_form.with("date", &day.to_string()).path()) aria-label=(name) { (sign) }
        }
    }
}

fn cell(
    day: &CalendarDay,
    search: &SearchRequest,
    search_form: &SearchForm,
    lowest: Option<Amount>,
) -> Markup {
    let is_today = day.date == search.date;
    html! {
        @match day.price.zip(day.currency) {
            None => span.day.none aria-current=[is_today.then_some("date")] { b { (day.date.day()) } small aria-label="none" { "–" } },
            Some((price, currency)) => {
                @let lowest = lowest == Some(price);
                a.day.low[lowest] href=(search_form.with("date", &day.date.to_string()).path()) aria-current=[is_today.then_some("date")] {
                    b { (day.date.day()) } small { (short(price)) span.unseen { " " (currency) } }
                }
            }
        }
    }
}

/// Rounded to whole units to fit a cell; the currency is shown once, below.
fn short(price: Amount) -> String {
    let units = (price.ten_thousandths().max(0) + 5_000) / 10_000;
    formatting::count(units)
}

/// Weeks from Monday; `None` pads the first and the last week.
fn weeks(days: &[CalendarDay]) -> Vec<[Option<&CalendarDay>; 7]> {
    let mut weeks: Vec<[Option<&CalendarDay>; 7]> = Vec::new();
    for day in days {
        let weekday = usize::from(day.date.weekday().to_monday_zero_offset().unsigned_abs());
        if weeks.is_empty() || weekday == 0 {
            weeks.push([None; 7]);
        }
        if let Some(place) = weeks.last_mut().and_then(|week| week.get_mut(weekday)) {
            *place = Some(day);
        }
    }
    weeks
}
