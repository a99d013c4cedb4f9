//! Errors as RFC 9457 problem details, made in this one place.
//!
//! A [`Problem`] has two sides: what the client is told, and the cause that only the log sees. For API styles
//! with another error format, a [`ProblemStyle`] writes it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use domain::RefusalCode;
use serde::Serialize;
use utoipa::ToSchema;

use service_core::caller::AccessDenied;
use service_core::database::DatabaseError;

use crate::context::{self, RequestContext};
use crate::respond;

pub const MEDIA_TYPE: &str = "application/problem+json";

/// `Retry-After` when a dependency is unavailable.
pub const RETRY_AFTER_SECONDS: u32 = 1;

/// Writes problems in another format. The problem's headers are added to its result.
pub type ProblemStyle = fn(&Problem) -> HttpResponse<BoxBody>;

tokio::task_local! {
    /// The format of the current request.
    static STYLE: Option<ProblemStyle>;
}

/// Runs work whose problems have this format.
pub(crate) async fn in_style<T>(style: Option<ProblemStyle>, work: impl Future<Output = T>) -> T {
    STYLE.scope(style, work).await
}

/// Maps paths to formats; application data of a service that has several.
#[derive(Clone, Copy, Debug)]
pub struct ProblemStyles(pub fn(path: &str) -> Option<ProblemStyle>);

/// A failed request: status, stable code, text for the client, and the cause for the log.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    /// Replaces the title that follows from the code.
    title: Option<&'static str>,
    detail: Box<str>,
    errors: Box<[FieldError]>,
    retry_after_seconds: Option<u32>,
    /// Boxed, so that `Result<_, Problem>` stays small.
    header: Option<Box<Header>>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// A header that a refusal needs.
#[derive(Debug)]
enum Header {
    /// The methods of the path.
    Allow(Box<str>),
    /// Bodies must not be compressed.
    AcceptEncoding,
    /// `WWW-Authenticate`: how to authenticate.
    Challenge(Cow<'static, str>),
}

/// One invalid field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Place of the field: a JSON pointer into the body, or the parameter's name after a slash.
    #[schema(example = "/seats")]
    pub pointer: String,
    /// What is wrong with its value.
    #[schema(example = "must be from 1 to 1000000")]
    pub detail: String,
}

/// The body of a problem (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody<'a> {
    /// URI of the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:holdfast:problem:sold_out")]
    kind: String,
    /// The kind in words.
    #[schema(example = "Sold out")]
    title: &'a str,
    /// HTTP status.
    #[schema(example = 409)]
    status: u16,
    /// What is wrong with this request.
    detail: &'a str,
    /// Path of the request.
    instance: String,
    /// Stable code of the kind of problem.
    #[schema(example = "sold_out")]
    code: &'a str,
    /// Id of this request in the logs.
    request_id: String,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// The invalid fields, if the problem is about fields.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            title: None,
            detail: detail.into().into_boxed_str(),
            errors: Box::default(),
            retry_after_seconds: None,
            header: None,
            cause: None,
        }
    }

    /// 400: the request as a whole is malformed.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// 400: these fields are wrong.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors
            .iter()
            .map(|error| match error.pointer.trim_start_matches('/') {
                "" => error.detail.clone(),
                field => format!("{field}: {}", error.detail),
            })
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            errors: errors.into_boxed_slice(),
            ..Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
        }
    }

    /// 400: this field is wrong.
    pub fn invalid_field(field: &str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError {
            pointer: format!("/{field}"),
            detail: detail.into(),
        }])
    }

    /// 401: the caller is unknown; the challenge says how to authenticate (RFC 6750).
    pub fn unauthenticated(
        detail: impl Into<String>,
        challenge: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            header: Some(Box::new(Header::Challenge(challenge.into()))),
            ..Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
        }
    }

    /// 403: the caller may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 429: try again after this many seconds.
    pub fn too_many(detail: impl Into<String>, retry_after_seconds: u32) -> Self {
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
        }
    }

    /// 404 Not Found.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, RefusalCode::NotFound, detail)
    }

    /// 405, with the methods of the path.
    #[must_use]
    pub fn method_not_allowed(allow: &str) -> Self {
        let mut methods: Vec<&str> = allow.split(", ").collect();
        if let Some(place) = methods.iter().position(|method| *method == "GET") {
            // GET implies HEAD.
            methods.insert(place + 1, "HEAD");
        }
        let detail = match methods.as_slice() {
            [method] => format!("only {method} is allowed here"),
            [methods @ .., last] => {
                format!("only {} and {last} are allowed here", methods.join(", "))
            }
            [] => "no method is allowed here".to_owned(),
        };
        Self {
            header: Some(Box::new(Header::Allow(methods.join(", ").into_boxed_str()))),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        }
    }

    /// 415: the body is compressed.
    #[must_use]
    pub fn coded_body() -> Self {
        Self {
            header: Some(Box::new(Header::AcceptEncoding)),
            ..Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_content_encoding",
                "send the body as it is, without Content-Encoding",
            )
        }
    }

    /// 412: the resource is not in the version that `If-Match` names.
    #[must_use]
    pub fn precondition_failed() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            "this is not the version that If-Match names; nothing was changed",
        )
    }

    /// 409: the request is valid, but the state forbids it.
    pub fn conflict(code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 409: a request with the same key is still running.
    #[must_use]
    pub fn in_progress() -> Self {
        Self {
            retry_after_seconds: Some(RETRY_AFTER_SECONDS),
            ..Self::conflict(
                RefusalCode::IdempotencyInProgress,
                "a request with this key is still running; ask again soon",
            )
        }
    }

    /// 422: the idempotency key is bound to another request.
    #[must_use]
    pub fn key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            RefusalCode::IdempotencyKeyReused,
            "this Idempotency-Key was used before with another request",
        )
    }

    /// 503: a dependency is unavailable or overloaded; retry soon.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self {
            retry_after_seconds: Some(RETRY_AFTER_SECONDS),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
        }
    }

    /// 500: a bug. The client learns only the request's id.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong here; the request's id finds it in the logs",
        )
        .caused_by(cause)
    }

    /// Merges the fields of both problems; if one is not about fields, that one alone.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        if self.errors.is_empty() || other.errors.is_empty() {
            return self;
        }
        let mut errors = self.errors.to_vec();
        for error in &other.errors {
            if !errors.iter().any(|known| known.pointer == error.pointer) {
                errors.push(error.clone());
            }
        }
        Self::invalid(errors)
    }

    #[must_use]
    pub fn with_code(self, code: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: code.into(),
            ..self
        }
    }

    /// With this title instead of the code's.
    #[must_use]
    pub fn titled(self, title: &'static str) -> Self {
        let title = Some(title);
        Self { title, ..self }
    }

    /// With a cause, for the log only.
    #[must_use]
    pub fn caused_by(self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..self
        }
    }

    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The title; it follows from the code, so that a kind has one title everywhere.
    #[must_use]
    pub fn title(&self) -> String {
        if let Some(title) = self.title {
            return title.to_owned();
        }
        let words = self.code.replace('_', " ");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| {
            format!("{}{}", first.to_uppercase(), letters.as_str())
        })
    }

    /// The text for the client.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn details(&self, request: RequestContext) -> HttpResponse<BoxBody> {
        match self.json(request) {
            Ok(json) => HttpResponse::build(self.status)
                .content_type(MEDIA_TYPE)
                .body(json),
            Err(error) => {
                tracing::error!(%error, "serializing a problem failed");
                HttpResponse::InternalServerError().finish()
            }
        }
    }

    /// The problem's body for this request.
    pub(crate) fn json(&self, request: RequestContext) -> serde_json::Result<Vec<u8>> {
        respond::json_bytes(&ProblemBody {
            kind: format!("urn:holdfast:problem:{}", self.code),
            title: &self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            instance: instance(request.path),
            code: &self.code,
            request_id: request.request_id,
            retryable: self.is_retryable(),
            errors: &self.errors,
        })
    }

    fn is_retryable(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
            || self.status == StatusCode::TOO_MANY_REQUESTS
            || self.code == RefusalCode::IdempotencyInProgress.as_str()
    }
}

/// A path as a reference on this host: two leading slashes would name another host (RFC 3986, 4.2).
fn instance(path: String) -> String {
    if path.starts_with("//") {
        format!("/.{path}")
    } else {
        path
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.code, self.detail)
    }
}

impl StdError for Problem {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let style = STYLE.try_with(|style| *style).ok().flatten();
        let mut response = match style {
            Some(style) => style(self),
            None => self.details(context::current()),
        };
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        match self.header.as_deref() {
            Some(Header::Allow(methods)) => {
                if let Ok(methods) = HeaderValue::from_str(methods) {
                    headers.insert(header::ALLOW, methods);
                }
            }
            Some(Header::AcceptEncoding) => {
                headers.insert(
                    header::ACCEPT_ENCODING,
                    HeaderValue::from_static("identity"),
                );
            }
            Some(Header::Challenge(challenge)) => {
                if let Ok(challenge) = HeaderValue::from_str(challenge) {
                    headers.insert(header::WWW_AUTHENTICATE, challenge);
                }
            }
            None => {}
        }
        response
    }
}

impl Responder for Problem {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse<BoxBody> {
        HttpResponse::from_error(self)
    }
}

/// The challenge of a 401.
const CHALLENGE: &str = "Bearer realm=\"holdfast\"";

/// 401 for an invalid token.
pub(crate) fn token_refused(reason: &str) -> Problem {
    let challenge = format!("{CHALLENGE}, error=\"invalid_token\", error_description=\"{reason}\"");
    Problem::unauthenticated(reason, challenge)
}

/// 401 for a missing token.
pub(crate) fn no_token() -> Problem {
    let detail = "send a token: Authorization: Bearer …";
    Problem::unauthenticated(detail, CHALLENGE)
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Pool(error) => error.into(),
            DatabaseError::Statement(error) => error.into(),
        }
    }
}

impl From<AccessDenied> for Problem {
    fn from(denied: AccessDenied) -> Self {
        match denied {
            AccessDenied::Unauthenticated => no_token(),
            AccessDenied::NotStaff | AccessDenied::NotSelf(_) => {
                Self::forbidden(denied.to_string())
            }
        }
    }
}

impl From<deadpool_postgres::PoolError> for Problem {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::unavailable("the database can't be reached").caused_by(error)
    }
}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        if service_core::database::is_transient(&error) {
            Self::unavailable("the database can't answer now").caused_by(error)
        } else {
            Self::internal(error)
        }
    }
}
