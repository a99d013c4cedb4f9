//! Rate-limit status: the remaining quota, and the headers that tell it.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::Problem;

/// The window that a quota is for.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// Quota and remaining quota: draft of the IETF's HTTPAPI working group.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit");

/// A client's status after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimitStatus {
    /// Requests per window.
    pub(super) quota: u32,
    /// Requests that are possible now.
    pub(super) remaining: u32,
    /// Time until the next request is possible, if this one was refused.
    pub(super) wait: Option<Duration>,
}

impl RateLimitStatus {
    /// Whether the request is within the quota.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn check(&self) -> Result<(), Problem> {
        let Some(wait) = self.wait else {
            return Ok(());
        };
        metrics::counter!("rate_limited_requests_total").increment(1);
        let seconds = u32::try_from(seconds_up(wait)).unwrap_or(u32::MAX).max(1);
        let detail = format!("at most {} requests a minute are answered", self.quota);
        Err(Problem::too_many(detail, seconds).with_code("rate_limited"))
    }

    /// Adds the rate-limit headers to an answer.
    pub fn describe(&self, headers: &mut HeaderMap) {
        let policy = format!("\"client\";q={};w={}", self.quota, WINDOW.as_secs());
        let remaining = format!("\"client\";r={};t={}", self.remaining, self.full_in());
        for (name, text) in [(POLICY, policy), (REMAINING, remaining)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }

    /// Seconds until the whole quota is available.
    fn full_in(&self) -> u64 {
        let used = u64::from(self.quota.saturating_sub(self.remaining));
        (used * WINDOW.as_secs()).div_ceil(u64::from(self.quota.max(1)))
    }
}

/// Whole seconds, rounded up.
fn seconds_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_what_is_left() {
        let rate_limit_status = RateLimitStatus {
            quota: 120,
            remaining: 119,
            wait: None,
        };
        let mut headers = HeaderMap::new();
        rate_limit_status.describe(&mut headers);
        assert_eq!(headers.get(POLICY).unwrap(), "\"client\";q=120;w=60");
        assert_eq!(headers.get(REMAINING).unwrap(), "\"client\";r=119;t=1");
        assert!(rate_limit_status.check().is_ok());
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let rate_limit_status = RateLimitStatus {
            quota: 120,
            remaining: 0,
            wait: Some(Duration::from_millis(1001)),
        };
        let problem = rate_limit_status.check().unwrap_err();
        assert_eq!(problem.code(), "rate_limited");
        let response = actix_web::ResponseError::error_response(&problem);
        assert_eq!(response.status().as_u16(), 429);
        assert_eq!(response.headers().get("retry-after").unwrap(), "2");
    }
}
