//! Travelers: optional fields of the seat form, and their list on a booking's page.

use domain::Units;
use maud::{Markup, html};

use crate::http::travelers::{TravelerBody, parse};
use crate::model::booking::Traveler;
use crate::pages::forms::Form;

/// Field names, repeated in each row.
const GIVEN: &str = "given_name";
const FAMILY: &str = "family_name";

/// Given names and family name as typed.
pub(super) type Typed = (String, String);

/// Rows that are not empty.
pub(super) fn typed(form: &Form) -> Vec<Typed> {
    let rows = form.all(GIVEN).zip(form.all(FAMILY));
    let rows = rows.map(|(given, family)| (given.trim().to_owned(), family.trim().to_owned()));
    rows.filter(|(given, family)| !given.is_empty() || !family.is_empty())
        .collect()
}

/// One traveler per seat, or none at all; `Err` is a message for the page.
pub(super) fn named(typed: &[Typed], seats: Units) -> Result<Vec<Traveler>, String> {
    let bodies = typed.iter();
    let bodies = bodies.map(|(given, family)| TravelerBody::of(given.clone(), family.clone()));
    parse(bodies.collect(), seats).map_err(|_| {
        format!(
            "name all travellers, {seats} of them, with given names and family name, or none of them"
        )
    })
}

/// One row per seat; scripts keep the number in step.
pub(super) fn form(seats: u32, typed: &[Typed]) -> Markup {
    let rows = usize::try_from(seats).unwrap_or(1).max(typed.len()).max(1);
    html! {
        section.card {
            details.travelers data-travelers open[!typed.is_empty()] {
                summary { "Who travels? " small { "optional" } }
                p.hint { "Names as in the passport, for all seats or for none." }
                ol {
                    @for index in 0..rows {
                        @let (given, family) = typed.get(index).cloned().unwrap_or_default();
                        li {
                            (name("Given names", GIVEN, &given))
                            (name("Family name", FAMILY, &family))
                        }
                    }
                }
            }
        }
    }
}

/// The label encloses its field, so that scripts can copy a row as it is.
fn name(label: &str, field: &str, value: &str) -> Markup {
    html! {
        label.field { span { (label) } input name=(field) maxlength="100" autocomplete="off" value=(value); }
    }
}

pub(super) fn list(travelers: &[Traveler]) -> Markup {
    let names = travelers.iter();
    let names = names.map(|one| format!("{} {}", one.given_name, one.family_name));
    let names: Vec<String> = names.collect();
    html! { @if !names.is_empty() { p.quiet { "Travellers: " b { (names.join(", ")) } } } }
}
