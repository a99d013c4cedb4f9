//! Bodies, queries and headers, parsed into types. What doesn't parse is answered with the field's
//! name.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, Ready, ready};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Deserializer};
use sha2::{Digest as _, Sha256};

pub use crate::once::IdempotencyKey;
use crate::problem::FieldError;
use crate::{Problem, body};

/// How deep a body's arrays and objects may be inside each other: several times what any request has.
const DEPTH_LIMIT: usize = 32;

/// The most values of a list in a query: more than anybody types.
const LIST_LIMIT: usize = 20;

/// A JSON body and the digest of its bytes.
#[derive(Debug)]
pub struct Json<T> {
    /// The parsed body.
    pub body: T,
    /// SHA-256 of the bytes as they came: what idempotency keys of the last release are bound to.
    pub digest: [u8; 32],
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request.content_type());
        let (request, payload) = (request.clone(), payload.take());
        async move {
            let bytes = body::of(&request, payload).await?;
            if !is_json {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    "send the body as JSON, with Content-Type: application/json",
                ));
            }
            Ok(Self {
                body: parse_json(&bytes)?,
                digest: Sha256::digest(&bytes).into(),
            })
        }
        .boxed_local()
    }
}

/// A JSON body, for calls that do without one too.
#[derive(Debug)]
pub struct OptionalJson<T>(pub Option<T>);

impl<T: DeserializeOwned + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if body::is_empty(request) {
            return ready(Ok(Self(None))).boxed_local();
        }
        let parsed = Json::from_request(request, payload);
        async move { Ok(Self(Some(parsed.await?.body))) }.boxed_local()
    }
}

/// Whether a media type is JSON; no media type at all counts as JSON.
fn is_json(media_type: &str) -> bool {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence.is_empty() || essence == "application/json" || essence.ends_with("+json")
}

/// Parses a JSON body; the error names the field.
fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() {
        return Err(Problem::malformed("the body is empty; send JSON"));
    }
    if depth(bytes) > DEPTH_LIMIT {
        return Err(Problem::malformed(format!(
            "the body's arrays and objects are more than {DEPTH_LIMIT} deep"
        )));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer_of(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            Problem::invalid(vec![field_error(pointer, &inner.to_string())])
        } else {
            Problem::malformed(format!("the body is not JSON: {inner}"))
        }
    })?;
    deserializer
        .end()
        .map_err(|error| Problem::malformed(format!("the body is not one JSON value: {error}")))?;
    // Fields are known by their names; the parser would take them by their order, too.
    if bytes.trim_ascii_start().starts_with(b"[") {
        let detail = "invalid type: an array, expected an object".to_owned();
        let pointer = String::new();
        return Err(Problem::invalid(vec![FieldError { pointer, detail }]));
    }
    Ok(parsed)
}

/// How deep the arrays and objects of a JSON text are inside each other. The parser bounds what it keeps;
/// this bounds what it skips, too.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A query string parsed into a type.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request.query_string()).map(Self))
    }
}

/// Parses a query string, for a handler that first looks whether it has to.
///
/// # Errors
/// A problem that names the parameter.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let query = without_empty_values(query);
    let deserializer =
        serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let pointer = pointer_of(error.path());
        Problem::invalid(vec![field_error(pointer, &error.inner().to_string())])
    })
}

/// An empty value is the same as none: HTML forms send their empty fields too.
fn without_empty_values(query: &str) -> Cow<'_, str> {
    if query.ends_with('=') || query.contains("=&") {
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| {
                let value = pair.split_once('=').map(|(_, value)| value);
                value != Some("")
            })
            .collect();
        Cow::Owned(kept.join("&"))
    } else {
        Cow::Borrowed(query)
    }
}

/// A JSON pointer (RFC 6901) to where parsing failed; empty for the whole document.
fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                format!("/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// The error of a field. A missing one is reported by serde at its parent: the name is moved into
/// the pointer, where clients look for it.
fn field_error(pointer: String, message: &str) -> FieldError {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(text, _)| text);
    let missing = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    match missing {
        Some(name) => FieldError {
            pointer: format!("{pointer}/{name}"),
            detail: "is missing".to_owned(),
        },
        None => FieldError {
            pointer,
            detail: message.to_owned(),
        },
    }
}

/// For `#[serde(deserialize_with)]`: a value that is written as text.
///
/// # Errors
/// When the text does not parse.
pub fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

/// The same for a value that may be left out, with `#[serde(default)]`.
///
/// # Errors
/// When the text does not parse.
pub fn some_from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    from_text(deserializer).map(Some)
}

/// For `#[serde(deserialize_with)]`: values that are written as text, with commas between them, at most
/// twenty.
///
/// # Errors
/// When one of them does not parse.
pub fn list_from_text<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    if text.split(',').count() > LIST_LIMIT {
        let problem = format!("names more than {LIST_LIMIT}");
        return Err(serde::de::Error::custom(problem));
    }
    let parsed = text.split(',').map(|value| {
        let named = |error| serde::de::Error::custom(format!("{value:?}: {error}"));
        value.trim().parse().map_err(named)
    });
    parsed.collect()
}

/// A path segment parsed into a type; one that doesn't parse names nothing, so it is 404.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<T: FromStr> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = request.match_info().get("id").unwrap_or_default().parse();
        ready(
            parsed
                .map(Self)
                .map_err(|_| Problem::not_found("there is nothing with this id")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain_like::Count;
    use serde::Deserialize;

    mod domain_like {
        #[derive(Debug, serde::Deserialize)]
        #[serde(try_from = "i64")]
        pub struct Count(pub i64);

        impl TryFrom<i64> for Count {
            type Error = &'static str;
            fn try_from(count: i64) -> Result<Self, Self::Error> {
                if count > 0 {
                    Ok(Self(count))
                } else {
                    Err("must be positive")
                }
            }
        }
    }

    #[derive(Debug, Deserialize)]
    struct Order {
        legs: Vec<Leg>,
    }

    #[derive(Debug, Deserialize)]
    struct Leg {
        seats: Count,
    }

    #[test]
    fn json_errors_name_the_field() {
        for (body, expected) in [
            (
                r#"{"legs":[{"seats":1},{"seats":0}]}"#,
                "legs/1/seats: must be positive",
            ),
            (r#"{"legs":[{}]}"#, "legs/0/seats: is missing"),
            (r"{}", "legs: is missing"),
            (
                r#"{"legs":[{"seats":1e9}]}"#,
                "legs/0/seats: invalid type: floating point",
            ),
            (r#"{"legs":[{"seats":1}]"#, "the body is not JSON"),
            (r#"{"legs":[]} {}"#, "not one JSON value"),
            ("[[]]", "invalid type: an array, expected an object"),
            ("", "the body is empty"),
        ] {
            let problem = parse_json::<Order>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
            assert!(problem.to_string().contains(expected), "{body}: {problem}");
        }
        let order: Order = parse_json(br#"{"legs":[{"seats":2}]}"#).unwrap();
        assert_eq!(order.legs[0].seats.0, 2);
    }

    #[test]
    fn a_body_is_only_so_deep() {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth), "]".repeat(depth));
            format!(r#"{{"legs":[],"more":{open}{close}}}"#)
        };
        assert!(parse_json::<Order>(nested(31).as_bytes()).is_ok());
        let problem = parse_json::<Order>(nested(32).as_bytes()).unwrap_err();
        assert!(problem.to_string().starts_with("400 malformed"));
        assert!(parse_json::<Order>(nested(30_000).as_bytes()).is_err());
        for (text, expected) in [
            ("", 0),
            ("7", 0),
            (r#"{"a":[1,{"b":[]}],"c":{}}"#, 4),
            (r#""[[[""#, 0),
            (r#"["\"[[[", "\\", [1]]"#, 2),
            ("]]]][", 1),
        ] {
            assert_eq!(depth(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn query_errors_name_the_parameter() {
        for (query, expected) in [
            ("", "seats: is missing"),
            ("seats=", "seats: is missing"),
            ("seats=&more=1", "seats: is missing"),
            ("seats=0", "seats: must be positive"),
            ("seats=two", "seats: invalid digit"),
        ] {
            let problem = parse_query::<Leg>(query).unwrap_err();
            assert!(problem.to_string().contains(expected), "{query}: {problem}");
        }
        assert_eq!(parse_query::<Leg>("seats=3&more=1").unwrap().seats.0, 3);
        for kept in ["key=dGVz==", "key=dGVz==&a=1", "a=&key==", "flag&key=1="] {
            let pairs = without_empty_values(kept);
            assert!(pairs.contains("key="), "{kept}: {pairs}");
        }
    }

    #[test]
    fn json_media_types() {
        for (media_type, json) in [
            ("", true),
            ("application/json", true),
            ("application/json; charset=utf-8", true),
            ("application/vnd.api+json", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            assert_eq!(is_json(media_type), json, "{media_type}");
        }
    }
}
