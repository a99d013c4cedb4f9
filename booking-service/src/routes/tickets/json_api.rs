//! Documents and errors in the format of JSON:API 1.1.

use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{StatusCode, header::HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse};
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, Ready, ready};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service_http::extract::{AlsoKnown, Json};
use service_http::problem::ProblemStyle;
use service_http::{Problem, respond};
use utoipa::ToSchema;

/// The JSON:API media type.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.api+json";

/// Resource types; each is also the first segment of its paths.
pub(crate) const PURCHASES: &str = "purchases";
pub(crate) const TICKET_OPTIONS: &str = "ticket_options";

/// Members that JSON:API allows anywhere in a document. They are ignored.
const MEMBERS: AlsoKnown = AlsoKnown(&["jsonapi", "included", "links", "meta"]);

/// A document with one resource.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Document<T> {
    /// The resource
    pub(crate) data: T,
}

/// A resource sent by a client, to be created.
#[derive(Debug, Deserialize, Serialize)]
struct Sent<A, R> {
    data: SentResource<A, R>,
}

#[derive(Debug, Deserialize, Serialize)]
struct SentResource<A, R> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing)]
    id: Option<Value>,
    attributes: A,
    #[serde(default = "Option::default")]
    relationships: Option<R>,
}

/// A resource identifier.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Identifier {
    /// The resource type
    #[serde(rename = "type")]
    #[schema(example = "users")]
    pub(crate) kind: String,
    /// The resource's id
    #[schema(example = "406c1d05-bbb2-4e94-b183-7d208c2692e1")]
    pub(crate) id: String,
}

/// A to-one relationship.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ToOne {
    /// The related resource
    pub(crate) data: Identifier,
}

/// The body of an error response.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Errors {
    /// The errors, at least one
    errors: Vec<ErrorObject>,
}

/// An error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorObject {
    /// The HTTP status
    #[schema(example = "400")]
    status: String,
    /// The error code, stable for programs
    #[schema(example = "invalid_purchase_quantity")]
    code: String,
    /// A summary of the error code
    #[schema(example = "Unable to purchase provided quantity")]
    title: String,
    /// What went wrong in this request
    detail: String,
    /// The part of the request in error
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
}

/// The source of an error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Source {
    /// A JSON pointer into the request's body
    #[schema(example = "/data/attributes/quantity")]
    pointer: String,
}

/// JSON:API problems, for paths that answer in it.
pub(crate) fn problem_style(path: &str) -> Option<ProblemStyle> {
    let mut segments = path.split('/').skip(1);
    let resources = segments.next().unwrap_or_default();
    [PURCHASES, TICKET_OPTIONS]
        .contains(&resources)
        .then_some(refused)
}

/// Renders a problem as a JSON:API error.
fn refused(problem: &Problem) -> HttpResponse<BoxBody> {
    let object = |detail: &str, pointer: Option<&str>| ErrorObject {
        status: problem.status().as_str().to_owned(),
        code: problem.code().to_owned(),
        title: problem.title(),
        detail: detail.to_owned(),
        source: pointer.map(|pointer| Source {
            pointer: pointer.to_owned(),
        }),
    };
    let fields = problem.errors();
    let errors = if fields.is_empty() {
        vec![object(problem.detail(), None)]
    } else {
        let fields = fields.iter();
        fields
            .map(|field| object(&field.detail, Some(&field.pointer)))
            .collect()
    };
    respond::json_as(problem.status(), MEDIA_TYPE, &Errors { errors })
}

/// A resource type.
pub(crate) trait Kind {
    /// Its name, in `type`.
    const TYPE: &'static str;
    type Attributes: DeserializeOwned + Serialize;
    /// [`Value`] if the type has none.
    type Relationships: DeserializeOwned + Serialize;
}

/// A validated resource to be created.
pub(crate) struct New<K: Kind> {
    pub(crate) attributes: K::Attributes,
    pub(crate) relationships: Option<K::Relationships>,
    /// The document as parsed, which the idempotency key is bound to.
    pub(crate) asked: Value,
}

impl<K: Kind + 'static> FromRequest for New<K> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_type = check_media_type(request.headers());
        let accepted = check_accepted(request.headers());
        request.extensions_mut().insert(MEMBERS);
        let body = Json::<Sent<K::Attributes, K::Relationships>>::from_request(request, payload);
        async move {
            // The body is read even then; otherwise the client could not read the answer.
            let body = body.await;
            media_type?;
            accepted?;
            let Json { body } = body?;
            let asked = serde_json::to_value(&body).map_err(Problem::internal)?;
            let sent = body.data;
            if sent.kind != K::TYPE {
                let detail = format!("must be {}", K::TYPE);
                let problem = Problem::invalid_field("data/type", detail);
                let problem = problem.with_status(StatusCode::CONFLICT);
                return Err(problem.with_code("wrong_type"));
            }
            if sent.id.is_some() {
                let problem = Problem::invalid_field("data/id", "is given by the server");
                let problem = problem.with_status(StatusCode::FORBIDDEN);
                return Err(problem.with_code("client_generated_id"));
            }
            Ok(Self {
                attributes: sent.attributes,
                relationships: sent.relationships,
                asked,
            })
        }
        .boxed_local()
    }
}

/// Extractor of look-ups: the client accepts JSON:API.
pub(crate) struct Accepted;

impl FromRequest for Accepted {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(check_accepted(request.headers()).map(|()| Self))
    }
}

/// JSON:API or plain JSON; an absent media type counts as JSON.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers.get(header::CONTENT_TYPE);
    let text = value.map_or(Ok(""), HeaderValue::to_str).unwrap_or("?");
    let is_taken = match media_type(text) {
        (essence, parameters) if essence == MEDIA_TYPE => {
            parameters.iter().all(|one| is_profile(one))
        }
        (essence, _) => ["", "application/json"].contains(&essence.as_str()),
    };
    if is_taken {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        format!("send the body with Content-Type: {MEDIA_TYPE}, without parameters"),
    ))
}

/// JSON:API requires 406 if `Accept` lists its media type with parameters only.
fn check_accepted(headers: &HeaderMap) -> Result<(), Problem> {
    let accepted = headers.get_all(header::ACCEPT);
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let ranges = accepted.flat_map(|value| value.split(',')).map(media_type);
    let mut named = ranges
        .filter(|(essence, _)| essence == MEDIA_TYPE)
        .peekable();
    let is_weight = |parameter: &String| parameter.starts_with("q=");
    if named.peek().is_none()
        || named.any(|(_, parameters)| {
            parameters
                .iter()
                .all(|one| is_profile(one) || is_weight(one))
        })
    {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        "not_acceptable",
        format!("answers are {MEDIA_TYPE}, without parameters"),
    ))
}

/// A media type and its parameters, in lower case.
fn media_type(text: &str) -> (String, Vec<String>) {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(|part| part.trim().to_owned());
    let essence = parts.next().unwrap_or_default();
    (essence, parts.filter(|part| !part.is_empty()).collect())
}

/// A profile is ignored; an extension would have to be supported, and none is.
fn is_profile(parameter: &str) -> bool {
    parameter.starts_with("profile=")
}

pub(crate) fn ok<T: Serialize>(data: T) -> HttpResponse {
    respond::json_as(StatusCode::OK, MEDIA_TYPE, &Document { data })
}

/// 201 with the resource and its `Location`.
pub(crate) fn created<T: Serialize>(data: T, location: &str) -> HttpResponse {
    let response = respond::json_as(StatusCode::CREATED, MEDIA_TYPE, &Document { data });
    respond::made_at(response, location)
}
