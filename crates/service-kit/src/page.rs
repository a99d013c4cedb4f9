//! Pages of lists: which one is asked for, what is found for it, and how it is answered.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Problem;

/// The most rows of a page.
const LIMIT_MAX: i64 = 200;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// How many rows at most
    #[serde(default = "usual_limit")]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, example = 50)]
    pub limit: i64,
    /// The page after this place, from `meta.after`
    #[serde(default)]
    pub after: Option<String>,
    /// The page before this place, from `meta.before`
    #[serde(default)]
    pub before: Option<String>,
}

fn usual_limit() -> i64 {
    50
}

impl PageParameters {
    /// The part of the list that is asked for, and how many rows at most.
    ///
    /// # Errors
    /// When the limit is out of range, both directions are named, or a place is none of this list.
    pub fn part<I: FromStr>(self) -> Result<(PageRequest<I>, i64), Problem> {
        if !(1..=LIMIT_MAX).contains(&self.limit) {
            let detail = format!("must be from 1 to {LIMIT_MAX}");
            return Err(Problem::invalid_field("limit", detail));
        }
        let place = |name: &str, text: String| {
            let id = text.parse::<I>();
            id.map_err(|_| Problem::invalid_field(name, "is not a place of this list"))
        };
        let part = match (self.after, self.before) {
            (Some(_), Some(_)) => {
                let detail = "name after or before, not both";
                return Err(Problem::invalid_field("before", detail));
            }
            (Some(after), None) => PageRequest::After(place("after", after)?),
            (None, Some(before)) => PageRequest::Before(place("before", before)?),
            (None, None) => PageRequest::First,
        };
        Ok((part, self.limit))
    }
}

/// Which part of a list, by the place of a row at its edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageRequest<I> {
    /// From its beginning.
    First,
    /// What comes after this row.
    After(I),
    /// What comes before this one.
    Before(I),
}

/// The rows of a page, in the list's order.
#[derive(Debug)]
pub struct Listing<T, I> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins, if there are more.
    pub after: Option<I>,
    /// Where the page before ends, if there is one.
    pub before: Option<I>,
}

impl<T, I> Listing<T, I> {
    /// The page of what was found: one more than a page has, at its far end, if there are more.
    pub fn of(mut found: Vec<T>, part: &PageRequest<I>, limit: i64, id: impl Fn(&T) -> I) -> Self {
        let is_cut = i64::try_from(found.len()).unwrap_or(i64::MAX) > limit;
        let (has_more, has_earlier) = match part {
            PageRequest::First => (is_cut, false),
            PageRequest::After(_) => (is_cut, true),
            PageRequest::Before(_) => (true, is_cut),
        };
        if is_cut {
            let surplus = match part {
                PageRequest::First | PageRequest::After(_) => found.len() - 1,
                PageRequest::Before(_) => 0,
            };
            found.remove(surplus);
        }
        Self {
            after: found.last().filter(|_| has_more).map(&id),
            before: found.first().filter(|_| has_earlier).map(&id),
            rows: found,
        }
    }

    /// The answer, each row as its view.
    ///
    /// # Errors
    /// When a row has none.
    pub fn page<V>(
        self,
        limit: i64,
        view: impl Fn(T) -> Result<V, Problem>,
    ) -> Result<Page<V>, Problem>
    where
        I: ToString,
    {
        let meta = PageMeta {
            after: self.after.map(|id| id.to_string()),
            before: self.before.map(|id| id.to_string()),
            limit,
        };
        let data: Result<Vec<V>, Problem> = self.rows.into_iter().map(view).collect();
        Ok(Page { data: data?, meta })
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// How to go on.
    pub meta: PageMeta,
}

/// How to go on in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageMeta {
    /// For the page after this one; none where this is the last.
    pub after: Option<String>,
    /// For the page before this one; none where this is the first.
    pub before: Option<String>,
    /// How many rows a page has at most.
    pub limit: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(found: &[i64], part: PageRequest<i64>) -> (Vec<i64>, Option<i64>, Option<i64>) {
        let page = Listing::of(found.to_vec(), &part, 2, |id| *id);
        (page.rows, page.after, page.before)
    }

    #[test]
    fn one_row_too_many_says_that_there_are_more() {
        assert_eq!(page(&[5, 4], PageRequest::First), (vec![5, 4], None, None));
        assert_eq!(
            page(&[5, 4, 3], PageRequest::First),
            (vec![5, 4], Some(4), None)
        );
        assert_eq!(page(&[3], PageRequest::After(4)), (vec![3], None, Some(3)));
        assert_eq!(
            page(&[6, 5, 4], PageRequest::Before(3)),
            (vec![5, 4], Some(4), Some(5))
        );
        assert_eq!(page(&[], PageRequest::First), (Vec::new(), None, None));
    }
}
