//! The session behind a page's request; this is the one place that decides it.
//!
//! A logged-in user is known by their session, and everything they book belongs to that user. To the app they
//! are a caller like those of the API, with their user's current role. In `open` mode every caller may act
//! for any user, also as admin: a session without a log-in acts as the user named in a cookie. That name is
//! no secret and proves nothing.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use actix_web::cookie::{Cookie, time::Duration};
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use service_core::caller::Caller;
use service_http::Problem;
use service_http::auth::guard::Guards;
use uuid::Uuid;

use crate::app::accounts::authentication::AccountError;
use crate::http::Services;
use crate::http::cookies::Cookies;
use crate::model::actor::Actor;
use crate::model::user::User;

/// Cookie with the user that the session acts as.
const ACTING_AS: &str = "holdfast_acting_as";

/// Cookie with the id of the user for whom the session buys event tickets.
const ACCOUNT: &str = "holdfast_account";

/// Cookie with the CSRF token that forms must repeat.
const FORM_TOKEN: &str = "holdfast_form_token";

/// The user of a session that has named none.
const NOBODY_YET: &str = "guest";

/// As long as an order's user may be.
const NAME_LIMIT_CHARS: usize = 255;

/// Lifetime of the cookies.
const REMEMBERED_FOR: Duration = Duration::days(365);

/// A page's user.
#[derive(Debug)]
pub(super) struct SessionData {
    /// For access control.
    pub(super) caller: Caller,
    /// For the sales rules.
    pub(super) actor: Actor,
    /// Owner of the bookings that are made and listed; empty until they have logged in.
    pub(super) user: String,
    /// For display.
    pub(super) name: String,
    /// The user who has logged in.
    pub(super) signed_in: Option<User>,
    /// Whether the service is in `open` mode, where a session may choose its user.
    pub(super) is_open: bool,
    /// The user who owns their event tickets, once there is one.
    pub(super) account: Option<Uuid>,
    /// The CSRF token of their forms.
    pub(super) form_token: String,
    /// Whether the cookie with the token must still be set.
    is_new: bool,
    /// Path and query of the request.
    pub(super) asked: String,
}

/// The session of a request, identified once.
#[derive(Clone, Debug)]
pub(super) struct PageSession(Rc<SessionData>);

impl std::ops::Deref for PageSession {
    type Target = SessionData;

    fn deref(&self) -> &SessionData {
        &self.0
    }
}

impl PageSession {
    /// Identifies the request's session by its cookie; [`Self::of`] returns it from then on.
    pub(super) async fn identify(request: &HttpRequest) -> Result<Self, Problem> {
        let services = request.app_data::<Data<Services>>();
        let cookie = services.and_then(|services| services.cookies.of(request));
        let session = match services.zip(cookie) {
            Some((services, cookie)) => match services.accounts.session(&cookie).await {
                Ok(session) => Some(session.user),
                Err(AccountError::NoSession) => None,
                Err(error) => return Err(error.into()),
            },
            None => None,
        };
        let session = Self::with(request, session);
        request.extensions_mut().insert(session.clone());
        Ok(session)
    }

    /// The identified session; without one, a session that has not logged in.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| Self::with(request, None))
    }

    fn with(request: &HttpRequest, signed_in: Option<User>) -> Self {
        let guards = request.app_data::<Data<Guards>>();
        let is_open = guards.is_some_and(|guards| guards.authenticator.is_open());
        let services = request.app_data::<Data<Services>>();
        let value_of =
            |name| services.and_then(|services| services.cookies.value_of(request, name));
        let named = value_of(ACTING_AS).and_then(|name| checked_name(&name));
        let account = value_of(ACCOUNT).and_then(|id| Uuid::try_parse(&id).ok());
        let token = value_of(FORM_TOKEN).filter(|token| Uuid::try_parse(token).is_ok());
        let asked = request.uri().path_and_query();
        let (user, name, account) = match &signed_in {
            Some(user) => (user.id.to_string(), user.name.clone(), Some(user.id)),
            None if is_open => {
                let name = named.unwrap_or_else(|| NOBODY_YET.to_owned());
                (name.clone(), name, account)
            }
            None => (String::new(), NOBODY_YET.to_owned(), None),
        };
        let caller = match &signed_in {
            _ if is_open => Caller::open(),
            Some(session) => Caller::known(&user, session.role.into()),
            None => Caller::anonymous(),
        };
        let address = guards.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |guards| {
            guards.address_of(request)
        });
        Self(Rc::new(SessionData {
            actor: Actor::of(&caller, address),
            caller,
            user,
            name,
            signed_in,
            is_open,
            account,
            is_new: token.is_none(),
            // Random (v4) and not ordered by time (v7), so that nobody can guess it.
            form_token: token.unwrap_or_else(|| Uuid::new_v4().to_string()),
            asked: asked.map_or_else(|| "/".to_owned(), ToString::to_string),
        }))
    }

    /// Whether bookings can belong to them; otherwise they have to log in.
    pub(super) fn is_somebody(&self) -> bool {
        !self.user.is_empty()
    }

    /// The cookie with the form token, if the browser lacks it.
    pub(super) fn new_cookie(&self, cookies: Cookies) -> Option<Cookie<'static>> {
        let cookie = || cookies.cookie(FORM_TOKEN, self.form_token.clone());
        self.is_new.then(cookie)
    }

    /// All users whose bookings are theirs.
    pub(super) fn users(&self) -> Vec<String> {
        let account = self.account.map(|account| account.to_string());
        let own = [Some(self.user.clone()), account];
        let mut own: Vec<String> = own.into_iter().flatten().collect();
        own.retain(|user| !user.is_empty());
        own.dedup();
        own
    }
}

impl FromRequest for PageSession {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Cookie for acting as this user; `None` if the name is invalid.
pub(super) fn acting_as(cookies: Cookies, name: &str) -> Option<Cookie<'static>> {
    Some(remembered(cookies.cookie(ACTING_AS, checked_name(name)?)))
}

/// Cookie for buying tickets as this user.
pub(super) fn account(cookies: Cookies, user: Uuid) -> Cookie<'static> {
    remembered(cookies.cookie(ACCOUNT, user.to_string()))
}

/// Clears the ticket buyer, after a change of user or a log-out.
pub(super) fn no_account(cookies: Cookies) -> Cookie<'static> {
    cookies.removal_of(ACCOUNT)
}

fn remembered(mut cookie: Cookie<'static>) -> Cookie<'static> {
    cookie.set_max_age(REMEMBERED_FOR);
    cookie
}

fn checked_name(text: &str) -> Option<String> {
    let name: Result<domain::Text<1, NAME_LIMIT_CHARS>, _> = text.parse();
    name.map(String::from).ok()
}
