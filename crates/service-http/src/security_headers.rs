//! Headers that keep browsers from doing more with an answer than was meant (OWASP, REST Security), and
//! which other origins' pages may call.

use actix_cors::Cors;
use actix_web::http::header::{
    self, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// An answer is data: nothing in it is to run or to be shown inside a page.
const NOTHING_RUNS: &str = "default-src 'none'; frame-ancestors 'none'";

/// The page that shows the documents runs its own scripts, and calls the service that it came from.
const OWN_SCRIPTS_RUN: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How long a browser remembers which calls another origin may make.
const REMEMBERED_SECONDS: usize = 3600;

/// Adds the headers to an answer for this path; those that its handler chose stay.
pub fn apply(path: &str, headers: &mut HeaderMap) {
    let is_page = path == "/docs" || path.starts_with("/docs/");
    let policy = if is_page {
        OWN_SCRIPTS_RUN
    } else {
        NOTHING_RUNS
    };
    // What is answered is somebody's own, or changes with every sale: what may be kept says so itself.
    let kept = if is_page { "no-cache" } else { "no-store" };
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, kept),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// What pages of these origins may do: call with a token, never with a cookie.
pub fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            "etag",
            "idempotent-replayed",
            "link",
            "location",
            "ratelimit",
            "ratelimit-policy",
            "retry-after",
            "x-request-id",
        ])
        .max_age(REMEMBERED_SECONDS);
    origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_handler_chose_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        apply("/api/flights/search", &mut headers);
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "no-cache");
        assert_eq!(headers.get(X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
    }

    #[test]
    fn only_the_documents_page_runs_scripts() {
        let policy = |path: &str| {
            let mut headers = HeaderMap::new();
            apply(path, &mut headers);
            let policy = headers.get(CONTENT_SECURITY_POLICY).unwrap();
            policy.to_str().unwrap().to_owned()
        };
        assert!(policy("/docs/").contains("script-src 'self'"));
        assert_eq!(policy("/docsheet"), NOTHING_RUNS);
        assert_eq!(policy("/api/bookings/1"), NOTHING_RUNS);
    }
}
