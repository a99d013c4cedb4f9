//! Style sheet, scripts and icon, compiled into the binary. Each path contains a digest of the content, so
//! that browsers may cache it forever. Compressed once, at the first request.

use std::io::Write as _;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use service_http::Problem;
use sha2::{Digest as _, Sha256};

use crate::model::text::hexadecimal;

/// A year: the content of a path with a digest never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

pub(super) struct Asset {
    name: &'static str,
    media_type: &'static str,
    plain: &'static [u8],
    made: LazyLock<Made>,
}

/// Computed at the first request.
struct Made {
    path: String,
    packed: Option<Bytes>,
}

macro_rules! asset {
    ($constant:ident, $name:literal, $media_type:literal) => {
        pub(super) static $constant: Asset = Asset {
            name: $name,
            media_type: $media_type,
            plain: include_bytes!(concat!("../../assets/", $name)),
            made: LazyLock::new(|| $constant.make()),
        };
    };
}

asset!(STYLE, "style.css", "text/css; charset=utf-8");
asset!(SCRIPT, "app.js", "text/javascript; charset=utf-8");
asset!(HTMX, "vendor/htmx.min.js", "text/javascript; charset=utf-8");
asset!(
    HTMX_SSE,
    "vendor/htmx-ext-sse.min.js",
    "text/javascript; charset=utf-8"
);
asset!(ICON, "icon.svg", "image/svg+xml");

static ALL: [&Asset; 5] = [&STYLE, &SCRIPT, &HTMX, &HTMX_SSE, &ICON];

impl Asset {
    pub(super) fn path(&self) -> &str {
        &self.made.path
    }

    fn make(&self) -> Made {
        let digest = Sha256::digest(self.plain);
        let tag = hexadecimal(digest.get(..6).unwrap_or(&digest));
        let file = self.name.rsplit('/').next().unwrap_or(self.name);
        let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
        Made {
            path: format!("/assets/{stem}.{tag}.{ending}"),
            packed: packed(self.plain).map(Bytes::from),
        }
    }
}

fn packed(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

pub(super) async fn serve(
    request: HttpRequest,
    _: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let asked = request.path();
    let asset = ALL.iter().find(|asset| asset.path() == asked);
    let asset = asset.ok_or_else(|| Problem::not_found("there is nothing at this path"))?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(asset.media_type)
        .insert_header((header::CACHE_CONTROL, FOR_GOOD))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    let accepted = request.headers().get(header::ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let takes_gzip = accepted.is_some_and(|encodings| encodings.contains("gzip"));
    Ok(match asset.made.packed.clone().filter(|_| takes_gzip) {
        Some(packed) => answer
            .insert_header((header::CONTENT_ENCODING, "gzip"))
            .body(packed),
        None => answer.body(asset.plain),
    })
}
