//! Conditional requests: `ETag`, `If-None-Match`, 304 (RFC 9110, 13.1.2).

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::Problem;
use crate::respond::json_bytes;

/// Bytes of the body's digest in a tag: enough that no two bodies ever share one.
const TAG_BYTES: usize = 16;

/// A JSON body with a tag derived from its bytes.
#[derive(Clone, Debug)]
pub struct EtagBody {
    bytes: Bytes,
    tag: HeaderValue,
}

impl EtagBody {
    /// # Errors
    /// 500 if the body can't be serialized: a bug.
    pub fn json<T: Serialize>(body: &T) -> Result<Self, Problem> {
        let bytes = json_bytes(body).map_err(Problem::internal)?;
        let digest = Sha256::digest(&bytes);
        let hex: String = digest
            .iter()
            .take(TAG_BYTES)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let tag = HeaderValue::try_from(format!("\"{hex}\"")).map_err(Problem::internal)?;
        Ok(Self {
            bytes: bytes.into(),
            tag,
        })
    }

    /// Memory use in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len() + self.tag.len()
    }

    /// 304 if the client has this body, else 200. Clients must revalidate each time, since the body may
    /// change at any moment.
    #[must_use]
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let is_known = knows(request.headers(), &self.tag);
        let status = if is_known {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::OK
        };
        let mut response = HttpResponse::build(status);
        response.insert_header((header::ETAG, self.tag.clone()));
        response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-cache")));
        if is_known {
            return response.finish();
        }
        let json = HeaderValue::from_static("application/json");
        response.insert_header((header::CONTENT_TYPE, json));
        response.body(self.bytes.clone())
    }
}

/// Whether the client has the body with this tag.
fn knows(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH);
    let mut listed = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    listed.any(|listed| {
        let listed = listed.trim_ascii();
        // Weak comparison: a cache that compressed the body has weakened the tag.
        let listed = listed.strip_prefix(b"W/").unwrap_or(listed);
        listed == b"*" || listed == tag.as_bytes()
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn status(if_none_match: Option<&str>) -> u16 {
        let body = EtagBody::json(&[1, 2]).unwrap();
        let tag = body.tag.to_str().unwrap().to_owned();
        let mut request = TestRequest::get();
        if let Some(text) = if_none_match {
            request = request.insert_header((header::IF_NONE_MATCH, text.replace("TAG", &tag)));
        }
        body.answer(&request.to_http_request()).status().as_u16()
    }

    #[test]
    fn a_client_that_has_the_body_is_told_so() {
        for known in ["TAG", "W/TAG", "\"other\", TAG", "*"] {
            assert_eq!(status(Some(known)), 304, "{known}");
        }
        for unknown in ["\"other\"", "", "TAG1", "other"] {
            assert_eq!(status(Some(unknown)), 200, "{unknown}");
        }
        assert_eq!(status(None), 200);
    }

    #[test]
    fn another_body_has_another_tag() {
        let tag = |body: &[i32]| EtagBody::json(&body).unwrap().tag;
        assert_eq!(tag(&[1]), tag(&[1]));
        assert_ne!(tag(&[1]), tag(&[2]));
    }
}
