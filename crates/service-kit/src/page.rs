//! Which page of a list is asked for.

use serde::Deserialize;
use utoipa::IntoParams;

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
    /// The same, if they make sense.
    ///
    /// # Errors
    /// When the limit is out of range, or both directions are named.
    pub fn checked(self) -> Result<Self, Problem> {
        if !(1..=LIMIT_MAX).contains(&self.limit) {
            let detail = format!("must be from 1 to {LIMIT_MAX}");
            return Err(Problem::invalid_field("limit", detail));
        }
        if self.after.is_some() && self.before.is_some() {
            let detail = "name after or before, not both";
            return Err(Problem::invalid_field("before", detail));
        }
        Ok(self)
    }
}
