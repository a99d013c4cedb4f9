//! Who looks at a page. This is the one place that decides it.
//!
//! Who has logged in is known by their session, and all they book is their user's. To what is decided about
//! them they are a caller like those of the API, with the role that their user has now. In `open` mode every
//! caller may act for any user and as admin besides: a session who has not logged in is whoever they say they
//! are, kept in a cookie. That name is not a secret and proves nothing.

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

/// The cookie with the name of whom the session acts as.
const ACTING_AS: &str = "holdfast_acting_as";

/// The cookie with the id of the user whose tickets to events the session buys.
const ACCOUNT: &str = "holdfast_account";

/// The cookie that a form has to agree with.
const FORM_TOKEN: &str = "holdfast_form_token";

/// Who somebody is that has not said so.
const NOBODY_YET: &str = "guest";

/// The longest name: as long as an order's user may be.
const NAME_LIMIT_CHARS: usize = 255;

/// How long a browser remembers.
const REMEMBERED_FOR: Duration = Duration::days(365);

/// Who looks at a page.
#[derive(Debug)]
pub(super) struct Person {
    /// Who they are to what asks whether they may.
    pub(super) caller: Caller,
    /// Who they are to the rules of sale.
    pub(super) actor: Actor,
    /// Whose bookings are made and shown; empty of somebody who has to log in first.
    pub(super) user: String,
    /// What they are called.
    pub(super) name: String,
    /// Who has logged in.
    pub(super) signed_in: Option<User>,
    /// Whether they may say who they are.
    pub(super) is_open: bool,
    /// Their user under `/api/v1`, to whom tickets to events belong, once there is one.
    pub(super) account: Option<Uuid>,
    /// What their forms carry, to show that they come from this service's pages.
    pub(super) form_token: String,
    /// Whether the browser does not have that token yet.
    is_new: bool,
    /// The page that they asked for, with its query.
    pub(super) asked: String,
}

/// The person behind a request; the same one however often it is asked.
#[derive(Clone, Debug)]
pub(super) struct PageSession(Rc<Person>);

impl std::ops::Deref for PageSession {
    type Target = Person;

    fn deref(&self) -> &Person {
        &self.0
    }
}

impl PageSession {
    /// Who makes this request, by their session if they have one; for [`Self::of`] from then on.
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

    /// Who made this request; somebody without a session if nobody has looked for one.
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
        Self(Rc::new(Person {
            actor: Actor::of(&caller, address),
            caller,
            user,
            name,
            signed_in,
            is_open,
            account,
            is_new: token.is_none(),
            // Random, not ordered by time: nobody else can know it.
            form_token: token.unwrap_or_else(|| Uuid::new_v4().to_string()),
            asked: asked.map_or_else(|| "/".to_owned(), ToString::to_string),
        }))
    }

    /// Whether something can be theirs: else they have to log in first.
    pub(super) fn is_somebody(&self) -> bool {
        !self.user.is_empty()
    }

    /// The cookie that a new session's browser is given.
    pub(super) fn new_cookie(&self, cookies: Cookies) -> Option<Cookie<'static>> {
        let cookie = || cookies.cookie(FORM_TOKEN, self.form_token.clone());
        self.is_new.then(cookie)
    }

    /// All names under which something may be theirs.
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

/// The cookie of somebody who acts as this user from now on; `None` for what can't be a name.
pub(super) fn acting_as(cookies: Cookies, name: &str) -> Option<Cookie<'static>> {
    Some(remembered(cookies.cookie(ACTING_AS, checked_name(name)?)))
}

/// The cookie of somebody who buys tickets for this user from now on.
pub(super) fn account(cookies: Cookies, user: Uuid) -> Cookie<'static> {
    remembered(cookies.cookie(ACCOUNT, user.to_string()))
}

/// The cookie of somebody whose account is not known: who acts as another one, or has logged out.
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
