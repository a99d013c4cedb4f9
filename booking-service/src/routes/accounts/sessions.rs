//! Log-in and log-out: a session cookie for browsers, and a bearer token for API clients.

use actix_web::web::{Data, Path, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::caller::Caller;
use service_http::auth::guard::Guards;
use service_http::extract::{Id, Json};
use service_http::{Problem, respond};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::accounts::authentication::{Accounts, Origin};
use crate::app::accounts::ownership::{check_may_set_password, is_own};
use crate::app::accounts::passwords::{NewPassword, Password};
use crate::http::Services;
use crate::http::visitor::SessionCookie;
use crate::model::session::OpenSession;
use crate::model::session::Session;
use crate::routes::accounts::users::UserView;
use crate::routes::refusals::{CredentialRefusals, SessionRefusals, UserLookupRefusals};

/// An e-mail address and its password.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// The e-mail address
    #[schema(example = "asha@example.org")]
    email: String,
    /// The password
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 128)]
    password: Password,
}

/// A password change.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    /// The current password; admins may omit it for other users
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password")]
    current_password: Option<Password>,
    /// The new password
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 128)]
    new_password: NewPassword,
}

/// A login session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// The user who is logged in
    user: UserView,
    /// Expiry of the session
    expires_at: Timestamp,
    /// A bearer token for the API, with the user's rights; absent if the service has no signing key
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// `Bearer`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
    /// Expiry of the token; until the session expires, it issues new ones
    #[serde(skip_serializing_if = "Option::is_none")]
    token_expires_at: Option<Timestamp>,
}

fn view(accounts: &Accounts, session: Session) -> Result<SessionView, Problem> {
    let token = accounts.token(&session.user)?;
    let token_expires_at = token.as_ref().map(|token| token.expires_at);
    Ok(SessionView {
        user: session.user.into(),
        expires_at: session.expires_at,
        token_type: token.is_some().then_some("Bearer"),
        access_token: token.map(|token| token.text),
        token_expires_at,
    })
}

/// An answer with a token must not be cached.
fn unstored(mut response: HttpResponse) -> HttpResponse {
    let no_store = actix_web::http::header::HeaderValue::from_static("no-store");
    let headers = response.headers_mut();
    headers.insert(actix_web::http::header::CACHE_CONTROL, no_store);
    response
}

/// Log in: returns a session cookie and a bearer token.
///
/// A wrong address and a wrong password get the same answer.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "sessions", operation_id = "log_in",
    request_body = Credentials,
    responses((status = 201, description = "Logged in; `Set-Cookie` has the session cookie", body = SessionView), CredentialRefusals)
)]
pub(crate) async fn create(
    services: Data<Services>,
    origin: Origin,
    request: HttpRequest,
    credentials: Json<Credentials>,
) -> Result<HttpResponse, Problem> {
    // Login CSRF: another site's page could log its visitor in to an account of its own.
    Guards::of(&request)?.origin_policy.check_page(&request)?;
    let Credentials { email, password } = credentials.body;
    let begun = services
        .accounts
        .log_in(email.trim(), password, &origin)
        .await?;
    let set = services.cookies.begun(&begun);
    let view = view(&services.accounts, begun.session)?;
    let mut response = respond::created(&view, "/api/v1/sessions/current");
    for cookie in &set {
        response.add_cookie(cookie).map_err(Problem::internal)?;
    }
    Ok(unstored(response))
}

/// The session of the cookie, with a new token.
#[utoipa::path(
    get, path = "/api/v1/sessions/current", tag = "sessions", operation_id = "show_session",
    responses((status = 200, description = "The session of the cookie", body = SessionView), SessionRefusals)
)]
pub(crate) async fn show(
    services: Data<Services>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    let session = services
        .accounts
        .session(&cookie.0.unwrap_or_default())
        .await?;
    Ok(unstored(respond::ok(&view(&services.accounts, session)?)))
}

/// Log out. Issued tokens stay valid until they expire.
#[utoipa::path(
    delete, path = "/api/v1/sessions/current", tag = "sessions", operation_id = "log_out",
    responses((status = 204, description = "Logged out"))
)]
pub(crate) async fn delete(
    services: Data<Services>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    if let Some(cookie) = cookie.0 {
        services.accounts.log_out(&cookie).await?;
    }
    let mut response = HttpResponse::NoContent().finish();
    let removal = services.cookies.removal();
    response.add_cookie(&removal).map_err(Problem::internal)?;
    Ok(response)
}

/// One of the user's sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenSessionView {
    /// The session's id
    #[schema(example = "9f86d081884c7d65")]
    id: String,
    /// Whether it is the session of the request
    current: bool,
    /// The browser's `User-Agent`
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    /// Time of the log-in
    created_at: Timestamp,
    /// Expiry of the session
    expires_at: Timestamp,
}

impl From<OpenSession> for OpenSessionView {
    fn from(session: OpenSession) -> Self {
        Self {
            id: session.id,
            current: session.is_current,
            user_agent: session.user_agent,
            created_at: session.created_at,
            expires_at: session.expires_at,
        }
    }
}

/// The user's sessions, newest first.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "sessions", operation_id = "list_sessions",
    responses((status = 200, description = "All sessions, ten at most", body = Vec<OpenSessionView>), SessionRefusals)
)]
pub(crate) async fn list(
    services: Data<Services>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    let sessions = services
        .accounts
        .sessions(&cookie.0.unwrap_or_default())
        .await?;
    let views: Vec<OpenSessionView> = sessions.into_iter().map(Into::into).collect();
    Ok(unstored(respond::ok(&views)))
}

/// End the user's other sessions. Issued tokens stay valid until they expire.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "sessions", operation_id = "end_other_sessions",
    responses((status = 204, description = "The other sessions have ended"), SessionRefusals)
)]
pub(crate) async fn end_others(
    services: Data<Services>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    let cookie = cookie.0.unwrap_or_default();
    services.accounts.end_others(&cookie, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End one of the user's other sessions.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "sessions", operation_id = "end_session",
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 404, description = "The user has no other session with this id",
            body = service_http::problem::ProblemBody<'static>, content_type = "application/problem+json"),
        SessionRefusals
    )
)]
pub(crate) async fn end_one(
    services: Data<Services>,
    cookie: SessionCookie,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let cookie = cookie.0.unwrap_or_default();
    match services.accounts.end_others(&cookie, Some(&id)).await? {
        0 => Err(Problem::not_found("there is no other session with this id")),
        _ => Ok(HttpResponse::NoContent().finish()),
    }
}

/// Change a password. All sessions of the user end.
#[utoipa::path(
    put, path = "/api/v1/users/{id}/password", tag = "sessions", operation_id = "change_password",
    params(("id" = Uuid, Path, description = "The user's id")),
    request_body = PasswordChange,
    responses((status = 204, description = "The password is changed"), CredentialRefusals, UserLookupRefusals)
)]
pub(crate) async fn change_password(
    services: Data<Services>,
    id: Id<Uuid>,
    caller: ReqData<Caller>,
    request: Json<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    check_may_set_password(id.0, &caller)?;
    let PasswordChange {
        current_password,
        new_password,
    } = request.body;
    if current_password.is_none() && is_own(id.0, &caller) {
        return Err(Problem::invalid_field("current_password", "required"));
    }
    services
        .accounts
        .change_password(id.0, current_password, new_password.0)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
