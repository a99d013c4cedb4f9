//! The API documentation page at `/docs/`, served from files embedded in the binary.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use actix_web::http::Method;
use actix_web::http::header::{CONTENT_ENCODING, ContentEncoding};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use utoipa_swagger_ui::{Config, serve};

use crate::Problem;
use crate::auth::access::public;
use crate::endpoint::guarded;

/// Relative, so that it works behind a path prefix too.
static CONFIG: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::from("../openapi.json")));

pub fn configure(routes: &mut ServiceConfig) {
    for (path, route) in [
        ("/docs", web::get().to(to_the_page)),
        ("/docs/{file:.*}", web::get().to(file)),
    ] {
        routes.service(guarded(path, [(Method::GET, public(), route)]));
    }
}

async fn to_the_page() -> impl Responder {
    HttpResponse::PermanentRedirect()
        .insert_header(("location", "docs/"))
        .finish()
}

async fn file(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = serve(&name, Arc::clone(&CONFIG));
    let found = found.map_err(|error| Problem::internal(error.to_string()))?;
    let found = found.ok_or_else(|| Problem::not_found("there is nothing at this path"))?;
    let mut answer = HttpResponse::Ok();
    if found.gzpipped {
        answer.insert_header((CONTENT_ENCODING, ContentEncoding::Gzip));
    }
    let bytes = match found.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Ok(answer.content_type(found.content_type).body(bytes))
}
