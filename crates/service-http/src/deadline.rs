//! Deadlines of requests: the server's time limit and the caller's.

use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderMap, HeaderName};
use service_core::caller::Caller;

use crate::Problem;
use crate::context;

/// Milliseconds for which the caller still waits. It can only shorten the server's time limit.
pub const REQUEST_TIMEOUT: HeaderName = HeaderName::from_static("x-request-timeout-ms");

/// Runs work under the caller's timeout, which can only shorten the request's time limit.
///
/// # Errors
/// 503 once the time is over.
pub async fn within<T>(
    waits: Option<Duration>,
    work: impl Future<Output = T>,
) -> Result<T, Problem> {
    let Some(waits) = waits else {
        return Ok(work.await);
    };
    let mut context = context::current();
    let until = Instant::now().checked_add(waits);
    context.deadline = match (context.deadline, until) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let answered = tokio::time::timeout(waits, context::of(context, work)).await;
    answered.map_err(|_| given_up())
}

/// The caller's timeout, if it sends one and is a service or staff. A stranger could otherwise cut a request
/// off at any point.
#[must_use]
pub fn callers_timeout(caller: &Caller, headers: &HeaderMap) -> Option<Duration> {
    if !caller.sees_owners() {
        return None;
    }
    let milliseconds = headers.get(REQUEST_TIMEOUT)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_millis(milliseconds))
}

/// The answer once the time is over.
pub(crate) fn given_up() -> Problem {
    Problem::unavailable("the request took too long")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use service_core::caller::Role;

    use super::*;
    use crate::context::RequestContext;

    async fn seconds_left(waits: Option<Duration>) -> Result<f64, Problem> {
        let limit = Instant::now().checked_add(Duration::from_secs(20));
        let context = RequestContext {
            deadline: limit,
            ..RequestContext::default()
        };
        let look = async {
            let deadline = context::current().deadline.unwrap();
            deadline.duration_since(Instant::now()).as_secs_f64().ceil()
        };
        context::of(context, within(waits, look)).await
    }

    #[tokio::test]
    async fn a_request_has_the_shorter_of_both_times() {
        for (waits, seconds) in [(None, 20.0), (Some(5), 5.0), (Some(60), 20.0)] {
            let left = seconds_left(waits.map(Duration::from_secs)).await.unwrap();
            assert_eq!(left, seconds, "{waits:?}");
        }
    }

    #[tokio::test]
    async fn work_ends_when_its_caller_waits_no_longer() {
        for waits in [10, 0] {
            let work = std::future::pending::<()>();
            let problem = within(Some(Duration::from_millis(waits)), work).await;
            assert_eq!(problem.unwrap_err().status().as_u16(), 503);
        }
    }

    fn with(name: &HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name.clone(), HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn strangers_do_not_say_how_long_they_wait() {
        let ms = |caller: &Caller, text: &str| {
            callers_timeout(caller, &with(&REQUEST_TIMEOUT, text)).map(|time| time.as_millis())
        };
        let known = |role| Caller::known("7", role);
        for caller in [Caller::open(), known(Role::Service), known(Role::Agent)] {
            assert_eq!(ms(&caller, "50"), Some(50), "{caller:?}");
            for wrong in ["99999999999999999999", "soon", "-1", ""] {
                assert_eq!(ms(&caller, wrong), None, "{wrong}");
            }
        }
        for caller in [Caller::anonymous(), known(Role::Customer)] {
            assert_eq!(ms(&caller, "50"), None, "{caller:?}");
        }
    }
}
