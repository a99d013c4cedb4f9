//! This service's cookies.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use jiff::Timestamp;

use crate::app::accounts::authentication::Begun;

/// The cookie with a session.
const SESSION: &str = "holdfast_session";

/// The cookie by which a browser is known that logged in before.
pub(super) const BROWSER: &str = "holdfast_browser";

/// As long as the database knows it.
const BROWSER_KNOWN_FOR: actix_web::cookie::time::Duration =
    actix_web::cookie::time::Duration::days(180);

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
