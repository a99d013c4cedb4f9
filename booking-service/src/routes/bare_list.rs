//! Lists answered as bare JSON arrays, paged by a `Link` header.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use service_http::{Problem, respond};
use utoipa::IntoParams;
use uuid::Uuid;

/// Rows per page.
const LIMIT_MAX: i64 = 100;

/// The query of a list.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListPart {
    /// Maximum number of rows
    #[serde(default = "limit_max")]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 100, example = 100)]
    limit: i64,
    /// Only rows after this id: follow the `Link` header with `rel="next"`
    #[serde(default)]
    // A string, because empty is accepted as absent.
    #[param(value_type = Option<String>)]
    pub(crate) after: Option<Uuid>,
}

fn limit_max() -> i64 {
    LIMIT_MAX
}

impl ListPart {
    /// Rows to read: one more than shown, to tell whether there is a next page. Fails if the limit is out of
    /// range.
    pub(crate) fn look_for(&self) -> Result<i64, Problem> {
        if (1..=LIMIT_MAX).contains(&self.limit) {
            Ok(self.limit + 1)
        } else {
            let detail = format!("must be from 1 to {LIMIT_MAX}");
            Err(Problem::invalid_field("limit", detail))
        }
    }

    /// The page, with a `Link` header if there is a next one.
    pub(crate) fn answer<T: Serialize>(
        &self,
        request: &HttpRequest,
        mut found: Vec<T>,
        id: impl Fn(&T) -> Uuid,
    ) -> HttpResponse {
        let shown = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = found.len() > shown;
        found.truncate(shown);
        let mut response = respond::ok(&found);
        if let Some(last) = found.last().filter(|_| has_more) {
            let (path, limit, after) = (request.path(), self.limit, id(last));
            let link = format!("<{path}?limit={limit}&after={after}>; rel=\"next\"");
            if let Ok(link) = HeaderValue::from_str(&link) {
                response.headers_mut().insert(header::LINK, link);
            }
        }
        response
    }
}
