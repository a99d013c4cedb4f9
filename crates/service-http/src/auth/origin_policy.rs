//! Which origins an open service accepts (protection against CSRF and DNS rebinding).
//!
//! An open service authenticates nobody, so any page in its user's browser could act in their place. Browsers
//! send the origin of a request and the host name that they called. Accepted are the service's own pages, the
//! configured origins, and host names that nobody else can own (DNS rebinding gives a foreign page's name
//! this machine's address). Other programs send no such headers, and are accepted.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{
    self, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, TRANSFER_ENCODING,
};
use actix_web::http::uri::Authority;
use actix_web::http::{Method, StatusCode};

use crate::Problem;
use service_core::settings::AuthSettings;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The origins whose pages may call an open service, and the host names that it answers to.
#[derive(Clone, Debug)]
pub struct OriginPolicy {
    names: Vec<String>,
    origins: Vec<String>,
    is_beyond_loopback: bool,
}

impl OriginPolicy {
    #[must_use]
    pub fn new(auth: &AuthSettings, origins: &[String]) -> Self {
        Self {
            names: auth.open_hosts.clone(),
            origins: origins.to_vec(),
            is_beyond_loopback: auth.open_beyond_loopback,
        }
    }

    /// Refuses a request that another site's page sent.
    ///
    /// # Errors
    /// 403, naming the header that tells.
    pub fn check(&self, request: &HttpRequest) -> Result<(), Problem> {
        let headers = request.headers();
        let named = headers.get_all(header::HOST);
        let mut named = named.map(|host| host.to_str().unwrap_or_default());
        let asked = request.uri().authority().map(Authority::as_str);
        if !named.all(|host| self.is_own_name(host))
            || !asked.is_none_or(|host| self.is_own_name(host))
        {
            return Err(foreign(
                "foreign_host",
                "this service is open, and is called by names of its own machine only; see auth.open_hosts",
            ));
        }
        self.check_page(request)
    }

    /// Refuses a cross-site request in any mode, for the service's own pages.
    ///
    /// # Errors
    /// 403 Forbidden.
    pub fn check_page(&self, request: &HttpRequest) -> Result<(), Problem> {
        if self.is_cross_site(request.method(), request.headers()) {
            return Err(foreign(
                "cross_site",
                "this is not taken from pages of other sites; see http.cors_origins",
            ));
        }
        Ok(())
    }

    fn is_own_name(&self, host: &str) -> bool {
        let Ok(host) = host.parse::<Authority>() else {
            return false;
        };
        let name = host.host().trim_matches(['[', ']']);
        if let Ok(address) = name.parse::<IpAddr>() {
            return address.to_canonical().is_loopback() || self.is_beyond_loopback;
        }
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        name == "localhost"
            || name.ends_with(".localhost")
            || self.names.iter().any(|own| own.eq_ignore_ascii_case(&name))
    }

    fn is_cross_site(&self, method: &Method, headers: &HeaderMap) -> bool {
        let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
        let is_read = *method == Method::GET || *method == Method::HEAD;
        if let Some(origin) = text(&header::ORIGIN) {
            return !self.is_own_origin(origin, text(&header::HOST));
        }
        match text(&FETCH_SITE) {
            Some("same-origin" | "none") => false,
            // A followed link: the page that holds it can't read the answer.
            Some(_) if is_read && text(&FETCH_MODE) == Some("navigate") => {
                text(&FETCH_DEST) != Some("document")
            }
            Some(_) => true,
            // Old browsers send neither header.
            None => {
                let referer = text(&header::REFERER);
                let is_browser = referer.is_some()
                    || text(&header::USER_AGENT).is_some_and(|agent| agent.starts_with("Mozilla/"));
                let is_own_page = referer.is_some_and(|page| is_at(page, text(&header::HOST)));
                !is_read && is_browser && !is_own_page && is_untyped(headers)
            }
        }
    }

    fn is_own_origin(&self, origin: &str, host: Option<&str>) -> bool {
        self.origins.iter().any(|named| named == origin) || is_at(origin, host)
    }
}

/// Whether a URL is on this host, as the request names it.
fn is_at(address: &str, host: Option<&str>) -> bool {
    let authority = address.split_once("://").map(|(_, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        &rest[..end]
    });
    authority
        .zip(host)
        .is_some_and(|(its, own)| its.eq_ignore_ascii_case(own))
}

/// Whether a request has a body without a media type, which any page can have sent. With another media type
/// than JSON a call refuses it, except the forms of the service's own pages, which carry a token.
fn is_untyped(headers: &HeaderMap) -> bool {
    let is_empty = headers
        .get(CONTENT_LENGTH)
        .is_none_or(|length| length == "0")
        && !headers.contains_key(TRANSFER_ENCODING);
    let media_type = headers.get(CONTENT_TYPE);
    !is_empty && media_type.is_none_or(|text| text.as_bytes().trim_ascii().is_empty())
}

fn foreign(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, detail)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use service_core::settings::{AuthMode, AuthSettings};

    const HOST: (&str, &str) = ("host", "localhost:8081");

    fn sites(change: impl FnOnce(&mut AuthSettings)) -> OriginPolicy {
        let mut auth = AuthSettings::without_keys(AuthMode::Open);
        change(&mut auth);
        OriginPolicy::new(&auth, &["https://shop.example.org".to_owned()])
    }

    fn is_let_in(sites: &OriginPolicy, method: Method, headers: &[(&str, &str)]) -> bool {
        let request = headers
            .iter()
            .fold(TestRequest::default().method(method), |request, header| {
                request.append_header(*header)
            });
        sites.check(&request.to_http_request()).is_ok()
    }

    #[test]
    fn names_of_loopback_and_named_ones_are_answered() {
        let sites = sites(|auth| auth.open_hosts = vec!["holdfast.test".to_owned()]);
        for (host, is_own) in [
            ("localhost", true),
            ("LOCALHOST:8081", true),
            ("localhost.:8081", true),
            ("shop.localhost:8081", true),
            ("127.0.0.1:8081", true),
            ("127.9.9.9", true),
            ("[::1]:8081", true),
            ("[::ffff:127.0.0.1]", true),
            ("Holdfast.test:8081", true),
            ("evil.example:8081", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("notlocalhost", false),
            ("192.168.1.7:8081", false),
            ("[2001:db8::1]", false),
            ("0.0.0.0", false),
            ("a b", false),
            ("", false),
        ] {
            assert_eq!(
                is_let_in(&sites, Method::GET, &[("host", host)]),
                is_own,
                "{host}"
            );
        }
        assert!(is_let_in(&sites, Method::GET, &[]), "HTTP/1.0 has no Host");
        let two = [("host", "localhost"), ("host", "evil.example")];
        assert!(!is_let_in(&sites, Method::GET, &two));
    }

    #[test]
    fn beyond_loopback_addresses_are_names_that_nobody_else_has() {
        let sites = sites(|auth| auth.open_beyond_loopback = true);
        assert!(is_let_in(
            &sites,
            Method::GET,
            &[("host", "192.168.1.7:8081")]
        ));
        assert!(!is_let_in(
            &sites,
            Method::GET,
            &[("host", "evil.example:8081")]
        ));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let sites = sites(|_| {});
        let json = ("content-type", "application/json");
        for (method, headers, is_own) in [
            // Programs.
            (Method::GET, &[][..], true),
            (Method::POST, &[json], true),
            (Method::POST, &[("content-length", "9")], true),
            (
                Method::POST,
                &[("user-agent", "curl/8.5.0"), ("content-length", "9")],
                true,
            ),
            // Own pages, configured origins, and typed addresses.
            (Method::POST, &[("origin", "http://localhost:8081")], true),
            (
                Method::POST,
                &[("origin", "https://shop.example.org"), json],
                true,
            ),
            (Method::POST, &[("sec-fetch-site", "same-origin")], true),
            (Method::GET, &[("sec-fetch-site", "none")], true),
            // Other sites.
            (
                Method::POST,
                &[("origin", "http://evil.example"), json],
                false,
            ),
            (
                Method::POST,
                &[("origin", "http://localhost:3000"), json],
                false,
            ),
            (Method::POST, &[("origin", "null"), json], false),
            (Method::GET, &[("origin", "http://evil.example")], false),
            (Method::DELETE, &[("sec-fetch-site", "cross-site")], false),
            (
                Method::POST,
                &[("sec-fetch-site", "same-site"), json],
                false,
            ),
            (Method::GET, &[("sec-fetch-site", "cross-site")], false),
            (
                Method::POST,
                &[
                    ("origin", "http://evil.example"),
                    ("sec-fetch-site", "same-origin"),
                ],
                false,
            ),
        ] {
            let all = [&[HOST], headers].concat();
            assert_eq!(
                is_let_in(&sites, method.clone(), &all),
                is_own,
                "{method} {headers:?}"
            );
        }
    }

    #[test]
    fn a_link_is_followed_from_anywhere_and_a_form_is_not() {
        let sites = sites(|_| {});
        let from = |method: Method, mode: &'static str, dest: &'static str| {
            let headers = [
                HOST,
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
            ];
            is_let_in(&sites, method, &headers)
        };
        assert!(from(Method::GET, "navigate", "document"));
        assert!(!from(Method::GET, "navigate", "iframe"));
        assert!(!from(Method::GET, "no-cors", "script"));
        assert!(!from(Method::POST, "navigate", "document"));
    }

    #[test]
    fn an_old_browser_sends_what_nobody_names_only_from_own_pages() {
        let sites = sites(|_| {});
        let browser = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)");
        let posts = |headers: &[(&str, &str)]| {
            let all = [&[HOST, browser, ("content-length", "9")], headers].concat();
            is_let_in(&sites, Method::POST, &all)
        };
        assert!(!posts(&[]));
        assert!(!posts(&[("content-type", "")]));
        assert!(posts(&[("content-type", "application/json")]));
        assert!(posts(&[("referer", "http://localhost:8081/docs/")]));
        assert!(!posts(&[("referer", "http://evil.example/")]));
    }
}
