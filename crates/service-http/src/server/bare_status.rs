//! Answers that the HTTP server makes itself, before there is a request for an application: to bytes that it
//! can't parse, and to a head that arrives too late. They are a bare status; a problem replaces them here.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use domain::RefusalCode;
use uuid::Uuid;

use crate::context::{REQUEST_ID, RequestContext};
use crate::problem::MEDIA_TYPE;
use crate::{Problem, security_headers};

/// Longer than any bare status.
const LONGEST_BYTES: usize = 512;

/// The problem in place of a bare status; `None` if the answer has a body, or an id and thus belongs to a
/// request.
pub(super) fn in_words(answer: &[u8]) -> Option<Vec<u8>> {
    // Called for everything that is sent: nearly nothing gets past this check.
    if answer.len() > LONGEST_BYTES || !answer.starts_with(b"HTTP/1.1 4") {
        return None;
    }
    let text = std::str::from_utf8(answer).ok()?;
    let head = text.strip_suffix("\r\n\r\n")?;
    let (status_line, lines) = head.split_once("\r\n")?;
    let status = status_line.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    let status = StatusCode::from_bytes(status.as_bytes()).ok()?;
    let names = |line: &str, name: &HeaderName| {
        line.split_once(':')
            .is_some_and(|(known, _)| known.eq_ignore_ascii_case(name.as_str()))
    };
    let mut lines: Vec<&str> = lines.split("\r\n").collect();
    let is_empty = |line: &&str| names(line, &CONTENT_LENGTH) && line.ends_with(": 0");
    if !status.is_client_error()
        || !lines.iter().any(is_empty)
        || lines
            .iter()
            .any(|line| line.is_empty() || names(line, &REQUEST_ID))
    {
        return None;
    }
    lines.retain(|line| !names(line, &CONTENT_LENGTH));

    let request = RequestContext {
        request_id: Uuid::now_v7().to_string(),
        path: "/".to_owned(),
        ..RequestContext::default()
    };
    let id = HeaderValue::from_str(&request.request_id).ok()?;
    let body = problem(status).json(request).ok()?;
    let mut headers = HeaderMap::new();
    headers.insert(REQUEST_ID, id);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    security_headers::apply("/", &mut headers);

    let mut words = format!("{status_line}\r\n");
    for line in lines {
        words.push_str(line);
        words.push_str("\r\n");
    }
    for (name, value) in &headers {
        words.push_str(&format!("{name}: {}\r\n", value.to_str().ok()?));
    }
    words.push_str("\r\n");
    let mut words = words.into_bytes();
    words.extend_from_slice(&body);
    Some(words)
}

fn problem(status: StatusCode) -> Problem {
    match status {
        StatusCode::REQUEST_TIMEOUT => Problem::new(
            status,
            RefusalCode::RequestTimeout,
            "the head of the request did not come in time",
        ),
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            Problem::new(status, "headers_too_large", "the head is too large")
        }
        _ => Problem::malformed("this is not a request of HTTP/1.1").with_status(status),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_has_no_words_gets_some() {
        let bare = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let words = String::from_utf8(in_words(bare.as_bytes()).unwrap()).unwrap();
        let (head, body) = words.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"),
            "{head}"
        );
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
        assert!(
            head.contains("content-type: application/problem+json"),
            "{head}"
        );
        assert!(!head.contains("content-length: 0"), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&body["status"], &body["code"]),
            (&Value::from(400), &Value::from("malformed"))
        );
        for other in [
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nx-request-id: a\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
            "data: HTTP/1.1 400\r\n\r\n",
            "",
        ] {
            assert_eq!(in_words(other.as_bytes()), None, "{other}");
        }
    }
}
