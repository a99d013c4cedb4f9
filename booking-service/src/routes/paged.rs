//! Pages of lists: which one is asked for, and how it is answered.

use std::str::FromStr;

use clients::flight::{Page, PageMeta};
use service_kit::Problem;
use service_kit::page::PageParameters;

use crate::app::page::{self, ListPart};

/// The part of a list that is asked for, and how many rows at most.
///
/// # Errors
/// When the parameters make no sense.
pub(super) fn part_of<I: FromStr>(page: PageParameters) -> Result<(ListPart<I>, i64), Problem> {
    let PageParameters {
        limit,
        after,
        before,
    } = page.checked()?;
    let place = |name: &str, text: String| {
        let id = text.parse::<I>();
        id.map_err(|_| Problem::invalid_field(name, "is not a place of this list"))
    };
    let part = match (after, before) {
        (Some(after), _) => ListPart::After(place("after", after)?),
        (None, Some(before)) => ListPart::Before(place("before", before)?),
        (None, None) => ListPart::First,
    };
    Ok((part, limit))
}

/// The answer to it, each row as its view.
///
/// # Errors
/// When a row has none.
pub(super) fn page_of<T, I: ToString, V>(
    page: page::Page<T, I>,
    limit: i64,
    view: impl Fn(T) -> Result<V, Problem>,
) -> Result<Page<V>, Problem> {
    let meta = PageMeta {
        after: page.after.map(|id| id.to_string()),
        before: page.before.map(|id| id.to_string()),
        limit,
    };
    let data: Result<Vec<V>, Problem> = page.rows.into_iter().map(view).collect();
    Ok(Page { data: data?, meta })
}
