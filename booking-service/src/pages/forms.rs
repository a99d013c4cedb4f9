//! Form parsing with CSRF protection: the form's token must equal the cookie's, and the browser's `Origin`
//! and `Sec-Fetch-Site` headers must not name another site.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use maud::{Markup, html};
use service_core::idempotency::RequestKey;
use service_http::{Problem, body};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::text::hexadecimal;
use crate::pages::session::PageSession;

const TOKEN: &str = "form_token";

/// A form with four legs of a hundred seats is a tenth of it.
const LIMIT_BYTES: usize = 64 * 1024;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// In order; a name may occur more than once.
#[derive(Debug)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    /// Digest of the path and of all fields except the token.
    digest: [u8; 32],
}

impl Form {
    /// Trimmed; empty if absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.exact(name).trim()
    }

    /// Untrimmed, because spaces belong to a password; empty if absent.
    pub(super) fn exact(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value)
    }

    /// Idempotency: the page carries a fresh key, so a form that is sent twice acts once. A changed form is
    /// another request, because the digest is part of the key.
    pub(super) fn request_key(&self, route: &str, user: &str) -> Option<RequestKey> {
        let page = Uuid::try_parse(self.text("key")).ok()?;
        let form = hexadecimal(&self.digest);
        Some(RequestKey {
            key: format!("{route} {user} {page} {form}"),
            digest: self.digest,
        })
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let fields = self.fields.iter();
        fields.filter_map(move |(field, value)| (field == name).then_some(value.as_str()))
    }
}

impl FromRequest for Form {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = PageSession::of(request);
        let is_form = request.content_type() == "application/x-www-form-urlencoded";
        let is_own = is_from_here(request.headers());
        let (request, payload) = (request.clone(), payload.take());
        async move {
            let bytes = body::of(&request, payload).await?;
            if bytes.len() > LIMIT_BYTES {
                return Err(too_large());
            }
            if !is_form {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    "this address takes the forms of its own pages",
                ));
            }
            let fields: Vec<(String, String)> =
                form_urlencoded::parse(&bytes).into_owned().collect();
            let digest = digest(request.path(), &fields);
            let form = Self { fields, digest };
            if is_own && form.text(TOKEN) == session.form_token {
                Ok(form)
            } else {
                Err(foreign())
            }
        }
        .boxed_local()
    }
}

/// The token is left out: it authenticates the form and is not part of the request.
fn digest(path: &str, fields: &[(String, String)]) -> [u8; 32] {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.append_pair("", path);
    text.extend_pairs(fields.iter().filter(|(name, _)| name != TOKEN));
    Sha256::digest(text.finish()).into()
}

/// Whether no header names another site. Old browsers send neither header; then the token alone decides.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let is_same_site = text(&FETCH_SITE).is_none_or(|site| site == "same-origin" || site == "none");
    let has_own_origin = text(&header::ORIGIN).is_none_or(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some() && host == text(&header::HOST)
    });
    is_same_site && has_own_origin
}

fn too_large() -> Problem {
    let detail = format!("a form is at most {LIMIT_BYTES} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

fn foreign() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "foreign_form",
        "this form is out of date, or did not come from this site; nothing was changed. Go back, reload the \
         page and send it again",
    )
}

/// The hidden field with the token.
pub(super) fn token(session: &PageSession) -> Markup {
    html! { input type="hidden" name=(TOKEN) value=(session.form_token); }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn from_here(headers: &[(HeaderName, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        map.insert(header::HOST, HeaderValue::from_static("localhost:8081"));
        for (name, value) in headers {
            map.insert(name.clone(), HeaderValue::from_static(value));
        }
        is_from_here(&map)
    }

    #[test]
    fn a_browser_that_names_another_site_is_refused() {
        assert!(from_here(&[]));
        assert!(from_here(&[
            (FETCH_SITE, "same-origin"),
            (header::ORIGIN, "http://localhost:8081")
        ]));
        assert!(!from_here(&[(FETCH_SITE, "cross-site")]));
        assert!(!from_here(&[(FETCH_SITE, "same-site")]));
        assert!(!from_here(&[(header::ORIGIN, "http://evil.example")]));
        assert!(!from_here(&[(header::ORIGIN, "null")]));
    }
}
