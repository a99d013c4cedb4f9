//! Responses of pages.

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::header::{self, HeaderValue, InvalidHeaderValue};
use maud::Markup;

/// A part of a page, for htmx.
pub(super) fn fragment(html: &Markup) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html.0.clone())
}

/// 303, so that the browser fetches the path with GET.
pub(super) fn go_to(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .finish()
}

/// Percent-encoded: names may have any letters, headers may not.
pub(super) fn set_cookie(
    answer: &mut HttpResponse,
    cookie: &Cookie<'_>,
) -> Result<(), InvalidHeaderValue> {
    let value = HeaderValue::from_str(&cookie.encoded().to_string())?;
    answer.headers_mut().append(header::SET_COOKIE, value);
    Ok(())
}

/// Prevents open redirects: any path that leads elsewhere becomes `/`.
pub(super) fn own_path(path: &str) -> &str {
    let leads_elsewhere = path.starts_with("//") || path.contains('\\');
    let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if is_path && !leads_elsewhere {
        path
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn a_redirect_stays_here() {
        for own in ["/", "/search?from=DEL&to=BOM", "/orders/1"] {
            assert_eq!(own_path(own), own);
        }
        for elsewhere in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\r\nb: c",
        ] {
            assert_eq!(own_path(elsewhere), "/", "{elsewhere}");
        }
    }
}
