//! A request's idempotency key, and what it is bound to.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::{Ready, ready};
use serde::Serialize;
use serde_json::Value;
use service_core::caller::Caller;
use service_core::idempotency::RequestKey;
use sha2::{Digest as _, Sha256};

use crate::Problem;

const KEY_LIMIT_CHARS: usize = 255;

/// The `Idempotency-Key` header, if the client sent one: quoted or bare, 1 to 255 visible characters. It is
/// bound to all of the request; the body is added by [`Self::of`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// As sent.
    key: Option<String>,
    caller: Caller,
    route: String,
    /// Path and query parameters.
    asked: Value,
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Caller>().cloned();
        let key = sent_key(request.headers()).map(|key| Self {
            route: route_of(request),
            asked: match key {
                Some(_) => asked_by(request),
                None => Value::Null,
            },
            key,
            caller: caller.unwrap_or_else(Caller::anonymous),
        });
        ready(key)
    }
}

impl IdempotencyKey {
    /// The key, scoped to this caller and route, bound to this body.
    ///
    /// # Errors
    /// 500 if the body can't be digested: a bug.
    pub fn of<T: Serialize>(&self, body: &T) -> Result<Option<RequestKey>, Problem> {
        let scoped = |key: &str| format!("{} {}", self.route, self.caller.scoped_key(key));
        self.bound(scoped, body)
    }

    /// The unscoped key, for resources that are looked up by key, whoever asks and through whatever route.
    ///
    /// # Errors
    /// As for [`Self::of`].
    pub fn of_everybody<T: Serialize>(&self, body: &T) -> Result<Option<RequestKey>, Problem> {
        self.bound(str::to_owned, body)
    }

    /// The unscoped key of a call in a batch: the same as that of a request without parameters whose header has
    /// this key, so that a call may be repeated either way.
    ///
    /// # Errors
    /// 400 if it is malformed, 500 as for [`Self::of`].
    pub fn of_batch_member<T: Serialize>(key: &str, body: &T) -> Result<RequestKey, Problem> {
        if !is_well_formed(key) {
            return Err(malformed_key());
        }
        Ok(RequestKey {
            key: key.to_owned(),
            digest: digest(&Value::from(vec![Value::Array(vec![]); 2]), body)?,
        })
    }

    fn bound<T: Serialize>(
        &self,
        scoped: impl FnOnce(&str) -> String,
        body: &T,
    ) -> Result<Option<RequestKey>, Problem> {
        let Some(key) = &self.key else {
            return Ok(None);
        };
        Ok(Some(RequestKey {
            key: scoped(key),
            digest: digest(&self.asked, body)?,
        }))
    }
}

/// What a key is bound to.
fn digest<T: Serialize>(asked: &Value, body: &T) -> Result<[u8; 32], Problem> {
    let body = serde_json::to_value(body).map_err(Problem::internal)?;
    let mut digest = Sha256::new();
    write_canonical(asked, &mut digest);
    write_canonical(&body, &mut digest);
    Ok(digest.finalize().into())
}

/// Method and fixed segments of a route, without its parameters.
fn route_of(request: &HttpRequest) -> String {
    let pattern = request.match_pattern().unwrap_or_default();
    let names: Vec<&str> = pattern
        .split('/')
        .filter(|segment| !segment.starts_with('{'))
        .collect();
    format!("{} {}", request.method(), names.join("/"))
}

/// The request outside its body: path parameters, and query parameters in any order.
fn asked_by(request: &HttpRequest) -> Value {
    let path = request.match_info().iter();
    let path = path.map(|(name, value)| Value::from(vec![name, value]));
    let mut query: Vec<(String, String)> =
        form_urlencoded::parse(request.query_string().as_bytes())
            .into_owned()
            .filter(|(_, value)| !value.is_empty())
            .collect();
    query.sort();
    let query = query
        .into_iter()
        .map(|(name, value)| Value::from(vec![name, value]));
    Value::from(vec![path.collect::<Value>(), query.collect()])
}

/// Canonical form: equal values are written alike, different ones differently. Fields are sorted by name, and
/// null fields left out like absent ones.
fn write_canonical(value: &Value, to: &mut Sha256) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .collect();
            fields.sort_by_key(|(name, _)| *name);
            to.update(b"{");
            for (name, value) in fields {
                to.update(Value::from(name.as_str()).to_string());
                write_canonical(value, to);
            }
            to.update(b"}");
        }
        Value::Array(values) => {
            to.update(b"[");
            for value in values {
                write_canonical(value, to);
                to.update(b",");
            }
            to.update(b"]");
        }
        plain => to.update(plain.to_string()),
    }
}

fn sent_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key");
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(malformed("there is more than one Idempotency-Key"));
    }
    let text = value.to_str().unwrap_or_default().trim();
    let key = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    if is_well_formed(key) {
        Ok(Some(key.to_owned()))
    } else {
        Err(malformed_key())
    }
}

fn is_well_formed(key: &str) -> bool {
    (1..=KEY_LIMIT_CHARS).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

fn malformed_key() -> Problem {
    let detail = format!("an Idempotency-Key is 1 to {KEY_LIMIT_CHARS} visible ASCII characters");
    malformed(&detail)
}

fn malformed(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_idempotency_key", detail)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::*;

    fn key(values: &[&str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                HeaderName::from_static("idempotency-key"),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        sent_key(&headers)
    }

    #[test]
    fn a_key_comes_quoted_or_bare_and_once() {
        assert_eq!(key(&["abc-1"]).unwrap().as_deref(), Some("abc-1"));
        assert_eq!(key(&["\"abc-1\""]).unwrap().as_deref(), Some("abc-1"));
        assert!(key(&[""]).is_err());
        assert!(key(&["\"\""]).is_err());
        assert!(key(&[&"k".repeat(255)]).is_ok());
        assert!(key(&[&"k".repeat(256)]).is_err());
        assert!(key(&["k", "k"]).is_err());
        assert_eq!(key(&[]).unwrap(), None);
    }

    /// The digest of a request to this URI.
    fn digest(uri: &str, body: &Value) -> [u8; 32] {
        let request = TestRequest::post()
            .uri(uri)
            .insert_header(("idempotency-key", "k"))
            .param("id", uri.split('?').next().unwrap_or_default().to_owned())
            .to_http_request();
        let key = IdempotencyKey::extract(&request).into_inner().unwrap();
        key.of(body).unwrap().unwrap().digest
    }

    #[test]
    fn a_key_is_bound_to_what_is_asked_for_and_not_to_how_it_is_written() {
        let first = digest("/1?b=2&a=1", &json!({"seats": ["A1"], "user": "7"}));
        for (uri, body) in [
            ("/1?a=1&b=2", json!({"user": "7", "seats": ["A1"]})),
            (
                "/1?a=1&c=&b=2",
                json!({"user": "7", "seats": ["A1"], "note": null}),
            ),
        ] {
            assert_eq!(digest(uri, &body), first, "{uri} {body}");
        }
        let body = json!({"seats": ["A1"], "user": "7"});
        for (uri, body) in [
            ("/2?b=2&a=1", body.clone()),
            ("/1?b=2&a=2", body.clone()),
            ("/1?b=2", body),
            ("/1?b=2&a=1", json!({"seats": ["A2"], "user": "7"})),
            ("/1?b=2&a=1", json!({"seats": "A1", "user": "7"})),
            ("/1?b=2&a=1", json!({"seats": ["A1"], "user": 7})),
            ("/1?b=2&a=1", json!({"seats": ["A1", "user"], "user": "7"})),
        ] {
            assert_ne!(digest(uri, &body), first, "{uri} {body}");
        }
    }

    /// Keys of charges never expire: a release that digests requests differently would refuse retries of
    /// charges that are under way.
    #[test]
    fn a_digest_stays_what_it_is() {
        let digest = digest("/1?a=1", &json!({"amount": 17000.0, "of": [1, "x", true]}));
        let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            text,
            "8ccceca1293ab392c0024cf75c0a51633024a30b52d1dda5a5a335a179cb1f04"
        );
    }
}
