//! Who travels: asked for beside the seats, and shown with what was booked. Nobody has to say.

use domain::Units;
use maud::{Markup, html};

use crate::http::travelers::{TravelerBody, parse};
use crate::model::booking::Traveler;
use crate::pages::forms::Form;

/// The fields of a name, as each row has them.
const GIVEN: &str = "given_name";
const FAMILY: &str = "family_name";

/// A row of names as it was typed: given names, family name.
pub(super) type Typed = (String, String);

/// The rows that a form came with, but for those that were left empty.
pub(super) fn typed(form: &Form) -> Vec<Typed> {
    let rows = form.all(GIVEN).zip(form.all(FAMILY));
    let rows = rows.map(|(given, family)| (given.trim().to_owned(), family.trim().to_owned()));
    rows.filter(|(given, family)| !given.is_empty() || !family.is_empty())
        .collect()
}

/// Who travels on so many seats: nobody is named, or all are; `Err` in words.
pub(super) fn named(typed: &[Typed], seats: Units) -> Result<Vec<Traveler>, String> {
    let bodies = typed.iter();
    let bodies = bodies.map(|(given, family)| TravelerBody::of(given.clone(), family.clone()));
    parse(bodies.collect(), seats).map_err(|_| {
        format!(
            "name all travellers, {seats} of them, with given names and family name, or none of them"
        )
    })
}

/// A row for each seat; scripts keep them as many as the seats.
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

/// The label is around its field, so that a row can be copied as it is.
fn name(label: &str, field: &str, value: &str) -> Markup {
    html! {
        label.field { span { (label) } input name=(field) maxlength="100" autocomplete="off" value=(value); }
    }
}

/// Who was named.
pub(super) fn list(travelers: &[Traveler]) -> Markup {
    let names = travelers.iter();
    let names = names.map(|one| format!("{} {}", one.given_name, one.family_name));
    let names: Vec<String> = names.collect();
    html! { @if !names.is_empty() { p.quiet { "Travellers: " b { (names.join(", ")) } } } }
}
