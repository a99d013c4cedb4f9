use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use jiff::Timestamp;

use crate::app::accounts::authentication::NewSession;

const SESSION: &str = "holdfast_session";

/// Marks a browser that has logged in before; its failures are counted apart.
pub(super) const BROWSER: &str = "holdfast_browser";

/// As long as the database remembers the browser.
const BROWSER_KNOWN_FOR: actix_web::cookie::time::Duration =
    actix_web::cookie::time::Duration::days(180);

#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    /// Whether browsers send them over HTTPS only.
    pub secure: bool,
}

impl Cookies {
    /// Cookies of a new session: the session's, and the one that marks the browser as known.
    pub(crate) fn begun(self, begun: &NewSession) -> [Cookie<'static>; 2] {
        let mut session = self.cookie(SESSION, begun.cookie.clone());
        let left = begun.session.expires_at.duration_since(Timestamp::now());
        session.set_max_age(actix_web::cookie::time::Duration::seconds(left.as_secs()));
        let mut browser = self.cookie(BROWSER, begun.browser.clone());
        browser.set_max_age(BROWSER_KNOWN_FOR);
        [session, browser]
    }

    /// The request's session token.
    pub(crate) fn of(self, request: &HttpRequest) -> Option<String> {
        self.value_of(request, SESSION)
    }

    pub(crate) fn value_of(self, request: &HttpRequest, name: &str) -> Option<String> {
        let cookie = request.cookie(&self.name(name))?;
        Some(cookie.value().to_owned())
    }

    /// Removes the session cookie.
    pub(crate) fn removal(self) -> Cookie<'static> {
        self.removal_of(SESSION)
    }

    pub(crate) fn removal_of(self, name: &str) -> Cookie<'static> {
        let mut removal = self.cookie(name, String::new());
        removal.make_removal();
        removal
    }

    /// With the `__Host-` prefix browsers ensure that no other host has set the cookie and that it is sent
    /// over HTTPS only.
    fn name(self, name: &str) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}{name}")
    }

    /// A cookie that lasts until the browser is closed.
    pub(crate) fn cookie(self, name: &str, value: String) -> Cookie<'static> {
        Cookie::build(self.name(name), value)
            .path("/")
            .http_only(true)
            .secure(self.secure)
            // Not sent with other sites' POST requests (CSRF).
            .same_site(SameSite::Lax)
            .finish()
    }
}
