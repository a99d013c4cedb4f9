//! Logging in and out: a cookie for pages, and a token for calls.

use std::net::IpAddr;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::web::{Data, Path, ReqData};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use futures_util::future::{Ready, ready};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::caller::Caller;
use service_http::auth::guard::Guards;
use service_http::extract::{Id, Json};
use service_http::{Problem, respond};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::accounts::authentication::{Accounts, Begun, Origin};
use crate::app::accounts::ownership::{check_may_set_password, is_own};
use crate::app::accounts::passwords::{NewPassword, Password};
use crate::model::session::OpenSession;
use crate::model::session::Session;
use crate::routes::accounts::users::UserView;
use crate::routes::refusals::{CredentialRefusals, SessionRefusals, UserLookupRefusals};

/// The cookie with a session.
const SESSION: &str = "holdfast_session";

/// The cookie by which a browser is known that logged in before.
const BROWSER: &str = "holdfast_browser";

/// As long as the database knows it.
const BROWSER_KNOWN_FOR: actix_web::cookie::time::Duration =
    actix_web::cookie::time::Duration::days(180);

/// A cookie of ours: the digits of 32 random bytes.
const COOKIE_DIGITS: usize = 64;

/// How much is kept of a browser's name for itself.
const USER_AGENT_MAX_CHARS: usize = 200;

/// How this service's cookies are set.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    /// Whether browsers send them over HTTPS only.
    pub secure: bool,
}

impl Cookies {
    /// The cookies of a session that was just begun: the session's, and the one by which the browser is known when
    /// it logs in again.
    pub(crate) fn begun(self, begun: &Begun) -> [Cookie<'static>; 2] {
        let mut session = self.cookie(SESSION, begun.cookie.clone());
        let left = begun.session.expires_at.duration_since(Timestamp::now());
        session.set_max_age(actix_web::cookie::time::Duration::seconds(left.as_secs()));
        let mut browser = self.cookie(BROWSER, begun.browser.clone());
        browser.set_max_age(BROWSER_KNOWN_FOR);
        [session, browser]
    }

    /// The session cookie of a request, if there is one.
    pub(crate) fn of(self, request: &HttpRequest) -> Option<String> {
        self.value_of(request, SESSION)
    }

    /// The value of one of this service's cookies.
    pub(crate) fn value_of(self, request: &HttpRequest, name: &str) -> Option<String> {
        let cookie = request.cookie(&self.name(name))?;
        Some(cookie.value().to_owned())
    }

    /// What has a browser forget it.
    pub(crate) fn removal(self) -> Cookie<'static> {
        self.removal_of(SESSION)
    }

    /// What has a browser forget one of this service's cookies.
    pub(crate) fn removal_of(self, name: &str) -> Cookie<'static> {
        let mut removal = self.cookie(name, String::new());
        removal.make_removal();
        removal
    }

    /// A cookie's name as browsers have it. Of one with this prefix they see to it that no other host has set it,
    /// and that it is never sent in the open.
    fn name(self, name: &str) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}{name}")
    }

    /// One of this service's cookies, for as long as the browser is open.
    pub(crate) fn cookie(self, name: &str, value: String) -> Cookie<'static> {
        Cookie::build(self.name(name), value)
            .path("/")
            .http_only(true)
            .secure(self.secure)
            // Not sent with what other sites make a browser post.
            .same_site(SameSite::Lax)
            .finish()
    }
}

/// The session cookie that a request came with, if any. Pages that ask who is logged in take it.
#[derive(Clone)]
pub struct SessionCookie(pub Option<String>);

impl FromRequest for SessionCookie {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let cookies = request.app_data::<Data<Cookies>>();
        let found = cookies.and_then(|cookies| cookies.of(request));
        ready(Ok(Self(found)))
    }
}

/// The address that a request came from.
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequest for ClientAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let guards = Guards::of(request);
        ready(guards.map(|guards| Self(guards.address_of(request))))
    }
}

impl FromRequest for Origin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let cookies = request.app_data::<Data<Cookies>>();
        let browser = cookies.and_then(|cookies| cookies.value_of(request, BROWSER));
        let is_ours = |cookie: &String| {
            cookie.len() == COOKIE_DIGITS && cookie.bytes().all(|c| c.is_ascii_hexdigit())
        };
        let user_agent = request.headers().get(USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        let guards = Guards::of(request);
        ready(guards.map(|guards| Self {
            address: guards.address_of(request),
            browser: browser.filter(is_ours),
            user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_MAX_CHARS).collect()),
        }))
    }
}

/// Who logs in.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// The address of e-mail
    #[schema(example = "asha@example.org")]
    email: String,
    /// The password
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 128)]
    password: Password,
}

/// Another password.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    /// The one until now; admins need not know others'
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password")]
    current_password: Option<Password>,
    /// The one from now on
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 128)]
    new_password: NewPassword,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Who is logged in
    user: UserView,
    /// Until when
    expires_at: Timestamp,
    /// A token for calls in the user's name; not there if the service has no key to make one with
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// `Bearer`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
    /// Until when the token holds; before that, get another one from the session
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

/// Nothing between the service and its user keeps what has a token in it.
fn unstored(mut response: HttpResponse) -> HttpResponse {
    let no_store = actix_web::http::header::HeaderValue::from_static("no-store");
    let headers = response.headers_mut();
    headers.insert(actix_web::http::header::CACHE_CONTROL, no_store);
    response
}

/// Log in: a session in a cookie, and a token for calls.
///
/// A wrong address and a wrong password are answered alike.
#[utoipa::path(
    post, path = "/api/v1/sessions", tag = "sessions", operation_id = "log_in",
    request_body = Credentials,
    responses((status = 201, description = "Logged in; `Set-Cookie` has the session", body = SessionView), CredentialRefusals)
)]
pub(crate) async fn create(
    accounts: Data<Accounts>,
    cookies: Data<Cookies>,
    origin: Origin,
    request: HttpRequest,
    credentials: Json<Credentials>,
) -> Result<HttpResponse, Problem> {
    // A page of somebody else's would log its visitor in to an account of theirs.
    Guards::of(&request)?.own_sites.check_page(&request)?;
    let Credentials { email, password } = credentials.body;
    let begun = accounts.log_in(email.trim(), password, &origin).await?;
    let set = cookies.begun(&begun);
    let view = view(&accounts, begun.session)?;
    let mut response = respond::created(&view, "/api/v1/sessions/current");
    for cookie in &set {
        response.add_cookie(cookie).map_err(Problem::internal)?;
    }
    Ok(unstored(response))
}

/// Who is logged in, and another token.
#[utoipa::path(
    get, path = "/api/v1/sessions/current", tag = "sessions", operation_id = "show_session",
    responses((status = 200, description = "The session of the cookie", body = SessionView), SessionRefusals)
)]
pub(crate) async fn show(
    accounts: Data<Accounts>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    let session = accounts.session(&cookie.0.unwrap_or_default()).await?;
    Ok(unstored(respond::ok(&view(&accounts, session)?)))
}

/// Log out. Tokens that were given hold until they run out.
#[utoipa::path(
    delete, path = "/api/v1/sessions/current", tag = "sessions", operation_id = "log_out",
    responses((status = 204, description = "There is no session any more"))
)]
pub(crate) async fn delete(
    accounts: Data<Accounts>,
    cookies: Data<Cookies>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    if let Some(cookie) = cookie.0 {
        accounts.log_out(&cookie).await?;
    }
    let mut response = HttpResponse::NoContent().finish();
    let removal = cookies.removal();
    response.add_cookie(&removal).map_err(Problem::internal)?;
    Ok(response)
}

/// One of the user's sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenSessionView {
    /// The session's id
    #[schema(example = "9f86d081884c7d65")]
    id: String,
    /// Whether it is the one of this cookie
    current: bool,
    /// The browser's name for itself
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    /// When it was begun
    created_at: Timestamp,
    /// Until when it lasts
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

/// The sessions of whoever is logged in, the latest first.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "sessions", operation_id = "list_sessions",
    responses((status = 200, description = "All of them; there are ten at most", body = Vec<OpenSessionView>), SessionRefusals)
)]
pub(crate) async fn list(
    accounts: Data<Accounts>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    let sessions = accounts.sessions(&cookie.0.unwrap_or_default()).await?;
    let views: Vec<OpenSessionView> = sessions.into_iter().map(Into::into).collect();
    Ok(unstored(respond::ok(&views)))
}

/// End the other sessions of whoever is logged in. Tokens that they were given hold until they run out.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "sessions", operation_id = "end_other_sessions",
    responses((status = 204, description = "This one is the only session"), SessionRefusals)
)]
pub(crate) async fn end_others(
    accounts: Data<Accounts>,
    cookie: SessionCookie,
) -> Result<HttpResponse, Problem> {
    let cookie = cookie.0.unwrap_or_default();
    accounts.end_others(&cookie, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// End one of the other sessions of whoever is logged in.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}", tag = "sessions", operation_id = "end_session",
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "It is over"),
        (status = 404, description = "The user has no other session with this id",
            body = service_http::problem::ProblemBody<'static>, content_type = "application/problem+json"),
        SessionRefusals
    )
)]
pub(crate) async fn end_one(
    accounts: Data<Accounts>,
    cookie: SessionCookie,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let cookie = cookie.0.unwrap_or_default();
    match accounts.end_others(&cookie, Some(&id)).await? {
        0 => Err(Problem::not_found("there is no other session with this id")),
        _ => Ok(HttpResponse::NoContent().finish()),
    }
}

/// Change a password; all sessions of the user end.
#[utoipa::path(
    put, path = "/api/v1/users/{id}/password", tag = "sessions", operation_id = "change_password",
    params(("id" = Uuid, Path, description = "The user's id")),
    request_body = PasswordChange,
    responses((status = 204, description = "It is changed"), CredentialRefusals, UserLookupRefusals)
)]
pub(crate) async fn change_password(
    accounts: Data<Accounts>,
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
    accounts
        .change_password(id.0, current_password, new_password.0)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
