//! Security headers of answers to browsers (OWASP, REST Security), and CORS.

use actix_cors::Cors;
use actix_web::http::header::{
    self, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// For data: nothing runs, and nothing is framed.
const NOTHING_RUNS: &str = "default-src 'none'; frame-ancestors 'none'";

/// For the documentation page, which runs its own scripts and calls its own service.
const OWN_SCRIPTS_RUN: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How long a browser caches a CORS preflight.
const REMEMBERED_SECONDS: usize = 3600;

/// Adds the headers for this path; those that the handler set stay.
pub fn apply(path: &str, headers: &mut HeaderMap) {
    let is_page = path == "/docs" || path.starts_with("/docs/");
    let policy = if is_page {
        OWN_SCRIPTS_RUN
    } else {
        NOTHING_RUNS
    };
    // Answers are personal, or change with every sale: what may be cached says so itself.
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

/// Pages of these origins may call with a token, never with a cookie.
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
