//! Size limits of a request's head: one longer than any client of these services sends is refused before it
//! is parsed.

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName};
use actix_web::http::uri::Authority;
use actix_web::http::{StatusCode, Uri};

use crate::Problem;

/// Path and query together, in bytes: the usual limit of proxies.
const URI_LIMIT_BYTES: usize = 8 * 1024;

/// Query parameters: twice those of the longest search.
const QUERY_PAIRS_LIMIT: usize = 64;

/// Headers. The server itself reads up to 96.
const HEADERS_LIMIT: usize = 64;

/// All headers together, in bytes: a long token and what proxies add. The server itself reads up to 128 KiB.
const HEADERS_LIMIT_BYTES: usize = 16 * 1024;

/// Headers that must be unique: of two, each server between here and the client might use another.
const SINGLE: [HeaderName; 3] = [HOST, AUTHORIZATION, CONTENT_TYPE];

/// Checks a request's head.
///
/// # Errors
/// 414, 431, or 400 for too many query parameters, a duplicate header or a malformed host.
pub fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let query = uri.query().unwrap_or_default();
    if uri.path().len() + query.len() > URI_LIMIT_BYTES {
        return Err(Problem::new(
            StatusCode::URI_TOO_LONG,
            "uri_too_long",
            format!("a path and its query are at most {URI_LIMIT_BYTES} bytes"),
        ));
    }
    if query.split('&').count() > QUERY_PAIRS_LIMIT {
        let detail = format!("a query has at most {QUERY_PAIRS_LIMIT} parameters");
        return Err(Problem::malformed(detail).with_code("too_many_parameters"));
    }
    let bytes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    if headers.len() > HEADERS_LIMIT || bytes.sum::<usize>() > HEADERS_LIMIT_BYTES {
        return Err(Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers_too_large",
            format!("at most {HEADERS_LIMIT} headers, of {HEADERS_LIMIT_BYTES} bytes together"),
        ));
    }
    check_singles(headers)
}

/// Checks that single-valued headers occur once, and that the host is well-formed.
///
/// # Errors
/// 400 Bad Request.
pub(crate) fn check_singles(headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(twice) = SINGLE
        .iter()
        .find(|name| headers.get_all(*name).count() > 1)
    {
        let detail = format!("the header {twice} is there twice");
        return Err(Problem::malformed(detail));
    }
    if headers
        .get(HOST)
        .is_some_and(|host| !is_host(host.as_bytes()))
    {
        return Err(Problem::malformed("the header host names no host"));
    }
    Ok(())
}

/// Whether this is a host with an optional port (RFC 9110, 7.2).
fn is_host(text: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(text) else {
        return false;
    };
    let after_host = authority.as_str().strip_prefix(authority.host());
    let port = match after_host {
        Some("") => return !authority.host().is_empty(),
        Some(rest) => rest.strip_prefix(':'),
        // User information before the host.
        None => None,
    };
    port.is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok())
        && !authority.host().is_empty()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn code(uri: &str, headers: &[(String, String)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        let checked = check(&uri.parse().unwrap(), &map);
        checked.err().map(|problem| problem.to_string())
    }

    #[test]
    fn a_head_is_refused_only_past_its_bounds() {
        let path = |bytes: usize| format!("/{}", "p".repeat(bytes - 1));
        assert_eq!(code(&path(8192), &[]), None);
        let refused = code(&path(8193), &[]).unwrap();
        assert!(refused.starts_with("414 uri_too_long"), "{refused}");
        let query = |pairs: usize| format!("/?{}", vec!["a=1"; pairs].join("&"));
        assert_eq!(code(&query(64), &[]), None);
        let refused = code(&query(65), &[]).unwrap();
        assert!(refused.starts_with("400 too_many_parameters"), "{refused}");
        let many = |count: usize| vec![("x-a".to_owned(), "1".to_owned()); count];
        assert_eq!(code("/", &many(64)), None);
        let refused = code("/", &many(65)).unwrap();
        assert!(refused.starts_with("431 headers_too_large"), "{refused}");
        let hosts = |hosts: &[&str]| {
            let hosts = hosts.iter();
            let headers: Vec<_> = hosts
                .map(|host| ("host".to_owned(), (*host).to_owned()))
                .collect();
            code("/", &headers)
        };
        for host in [
            "a",
            "a:80",
            "a:",
            "127.0.0.1:8081",
            "[::1]:8081",
            "[::1]",
            "under_score",
        ] {
            assert_eq!(hosts(&[host]), None, "{host}");
        }
        for host in [
            "a b", "", "a:b", "a:65536", "user@a", "a/b", ":80", "a, b", "[::1",
        ] {
            let refused = hosts(&[host]).unwrap_or_default();
            assert!(refused.starts_with("400 malformed"), "{host}: {refused}");
        }
        assert!(hosts(&["a", "a"]).is_some());
        let large = |bytes: usize| [("x-a".to_owned(), "v".repeat(bytes - 3))];
        assert_eq!(code("/", &large(16 * 1024)), None);
        let refused = code("/", &large(16 * 1024 + 1)).unwrap();
        assert!(refused.starts_with("431 headers_too_large"), "{refused}");
    }
}
