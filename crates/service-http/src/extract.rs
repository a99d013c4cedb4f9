//! Extractors: bodies, queries and path ids, parsed into types. A refusal names the field.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, Ready, ready};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Deserializer};

use crate::described::OpenApiIndex;
pub use crate::idempotency_key::IdempotencyKey;
use crate::parse::{self, Unknown};
use crate::{Problem, body};

/// Upper limit of a list in a query: more than anybody types.
const LIST_LIMIT: usize = 20;

/// A required JSON body.
#[derive(Debug)]
pub struct Json<T> {
    pub body: T,
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
                body: parse::json(&bytes, OpenApiIndex::of(&request), unknown(&request))?,
            })
        }
        .boxed_local()
    }
}

/// A JSON body that may be absent.
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

/// Which unknown fields a request's body may have.
fn unknown(request: &HttpRequest) -> Unknown {
    let extensions = request.extensions();
    if extensions.contains::<OfServices>() {
        Unknown::Ignored
    } else if let Some(AlsoKnown(names)) = extensions.get() {
        Unknown::RefusedBut(names)
    } else if request.method() == Method::PUT {
        Unknown::AsAnswered
    } else {
        Unknown::Refused
    }
}

/// Marks a call for services only: a caller of the next version may send more fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfServices;

/// Field names that are accepted anywhere in a body besides those of its type, because a format defines them.
#[derive(Clone, Copy, Debug)]
pub struct AlsoKnown(pub &'static [&'static str]);

/// Whether a media type is JSON; an absent media type counts as JSON.
fn is_json(media_type: &str) -> bool {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence.is_empty() || essence == "application/json" || essence.ends_with("+json")
}

#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse_query(request).map(Self))
    }
}

/// Parses the query string, for handlers that decide themselves whether to.
///
/// # Errors
/// 400 that names each wrong parameter.
pub fn parse_query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    parse::query(request.query_string(), OpenApiIndex::of(request))
}

/// Both results, or one problem with the faults of both.
///
/// # Errors
/// 400 that names each wrong field.
pub fn both<A, B>(one: Result<A, Problem>, other: Result<B, Problem>) -> Result<(A, B), Problem> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(one.and(&other)),
        (Err(problem), Ok(_)) | (Ok(_), Err(problem)) => Err(problem),
    }
}

/// For `#[serde(deserialize_with)]`: a value in its text form.
///
/// # Errors
/// The text does not parse.
pub fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

/// The same for an optional value, with `#[serde(default)]`.
///
/// # Errors
/// The text does not parse.
pub fn some_from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    from_text(deserializer).map(Some)
}

/// For `#[serde(deserialize_with)]`: comma-separated values, at most twenty.
///
/// # Errors
/// One of them does not parse, or there are too many.
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

/// A path segment parsed into a type; one that doesn't parse names nothing, so the answer is 404.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<T: FromStr + Display> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("id").unwrap_or_default();
        // Ids are canonical: `+1` and `001` are not `1`.
        let parsed = text.parse().ok();
        let parsed = parsed.filter(|id: &T| id.to_string().eq_ignore_ascii_case(text));
        ready(
            parsed
                .map(Self)
                .ok_or_else(|| Problem::not_found("there is nothing with this id")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
