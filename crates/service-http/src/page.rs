//! Keyset pagination: parameters and answers.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use service_core::page::{Page, PageRequest};
use utoipa::{IntoParams, ToSchema};

use crate::Problem;

/// Upper limit of a page, in rows.
const LIMIT_MAX: i64 = 200;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// Rows per page
    #[serde(default = "usual_limit")]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, example = 50)]
    pub limit: i64,
    /// Cursor of the page, from `meta.after`
    #[serde(default)]
    pub after: Option<String>,
    /// Cursor of the previous page, from `meta.before`
    #[serde(default)]
    pub before: Option<String>,
}

fn usual_limit() -> i64 {
    50
}

impl PageParameters {
    /// The requested part of the list, and the limit in rows.
    ///
    /// # Errors
    /// 400: the limit is out of range, both cursors are given, or one is not a cursor of this list.
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

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody<T> {
    /// The rows of this page.
    pub data: Vec<T>,
    /// Cursors of the neighbouring pages.
    pub meta: PageMeta,
}

/// Cursors of the neighbouring pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageMeta {
    /// Cursor of the next page; null on the last one.
    pub after: Option<String>,
    /// Cursor of the previous page; null on the first one.
    pub before: Option<String>,
    /// Upper limit of rows per page.
    pub limit: i64,
}

impl<V> PageBody<V> {
    /// Converts each row to its view.
    ///
    /// # Errors
    /// The first row's that can't be converted.
    pub fn of<T, I: ToString>(
        page: Page<T, I>,
        limit: i64,
        view: impl Fn(T) -> Result<V, Problem>,
    ) -> Result<Self, Problem> {
        let meta = PageMeta {
            after: page.after.map(|id| id.to_string()),
            before: page.before.map(|id| id.to_string()),
            limit,
        };
        let data: Result<Vec<V>, Problem> = page.rows.into_iter().map(view).collect();
        Ok(Self { data: data?, meta })
    }
}
