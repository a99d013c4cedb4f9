//! The bounds of a request's head. What is longer than any client of these services sends is refused
//! before it is looked at.

use actix_web::http::header::HeaderMap;
use actix_web::http::{StatusCode, Uri};

use crate::Problem;

/// The longest path and query together, in bytes: what proxies let through too.
const URI_LIMIT_BYTES: usize = 8 * 1024;

/// The most parameters of a query: twice those of the longest search.
const QUERY_PAIRS_LIMIT: usize = 64;

/// The most headers. The server itself reads up to 96.
const HEADERS_LIMIT: usize = 64;

/// All headers together, in bytes: a long token and what proxies add. The server itself reads up to 128 KiB.
const HEADERS_LIMIT_BYTES: usize = 16 * 1024;

/// That a request's head is within its bounds.
///
/// # Errors
/// 414, 431, or 400 for a query of too many parameters.
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
    Ok(())
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
        let large = |bytes: usize| [("x-a".to_owned(), "v".repeat(bytes - 3))];
        assert_eq!(code("/", &large(16 * 1024)), None);
        let refused = code("/", &large(16 * 1024 + 1)).unwrap();
        assert!(refused.starts_with("431 headers_too_large"), "{refused}");
    }
}
