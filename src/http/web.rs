//! The pages as they were built from `web`: scripts, styles and pictures, with the compressed copies made beside them.
//!
//! They stand in the program itself. Without them it answers with plain pages that can be read but not worked with.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH,
    VARY,
};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use rust_embed::RustEmbed;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// The files of `web/dist`: within the program, or on disk where it was built for debugging.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Where the build says which script needs which.
const MANIFEST: &str = ".vite/manifest.json";

/// Names under this folder carry a hash of what is in them.
const HASHED: &str = "assets/";

const HEAD_MARK: &str = "<!-- kinora:head -->";
const BODY_MARK: &str = "<!-- kinora:body -->";

/// What stands around a page when nobody has built the pages.
const UNBUILT: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><!-- kinora:head --></head>\
    <body><p>Kinora is running, but its pages were not built: run <code>make build</code>.</p>\
    <!-- kinora:body --></body></html>\n";

/// The built pages.
pub(crate) static CLIENT: LazyLock<Client> = LazyLock::new(Client::load);

/// The built pages: files by path, and the HTML that all pages begin with.
#[derive(Debug)]
pub(crate) struct Client {
    files: HashMap<String, File>,
    /// What stands around every page.
    pub(crate) index: Template,
    /// What stands around the embedded player.
    pub(crate) embed: Template,
    chunks: HashMap<String, Chunk>,
}

#[derive(Debug)]
struct File {
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
    kind: String,
    etag: String,
}

/// HTML with two places to be filled.
#[derive(Debug)]
pub(crate) struct Template {
    before: String,
    between: String,
    after: String,
    /// The inline scripts that may run, as sources of a Content-Security-Policy: `'sha256-…'`.
    pub(crate) scripts: String,
}

/// A part of the client and what it needs (Vite's manifest).
#[derive(Debug, Deserialize)]
struct Chunk {
    file: String,
    #[serde(default)]
    imports: Vec<String>,
    #[serde(default)]
    css: Vec<String>,
}

impl Client {
    fn load() -> Self {
        let read = |path: &str| Dist::get(path).map(|file| Bytes::from(file.data.into_owned()));
        let mut files = HashMap::new();
        for path in Dist::iter() {
            if path.starts_with('.') || path.ends_with(".br") || path.ends_with(".gz") {
                continue;
            }
            if path.ends_with(".html") {
                continue;
            }
            if let Some(plain) = read(&path) {
                let file = File {
                    etag: format!("\"{}\"", hash(&plain)),
                    kind: mime_guess::from_path(path.as_ref()).first_or_octet_stream().to_string(),
                    brotli: read(&format!("{path}.br")),
                    gzip: read(&format!("{path}.gz")),
                    plain,
                };
                files.insert(path.into_owned(), file);
            }
        }
        let html = |path: &str| read(path).and_then(|html| String::from_utf8(html.to_vec()).ok());
        let manifest = read(MANIFEST).and_then(|json| serde_json::from_slice(&json).ok());
        Self {
            files,
            index: Template::parse(&html("index.html").unwrap_or_else(|| UNBUILT.to_owned())),
            embed: Template::parse(&html("embed.html").unwrap_or_else(|| UNBUILT.to_owned())),
            chunks: manifest.unwrap_or_default(),
        }
    }

    /// Tags that have a browser fetch, early, what a part of the client needs beyond the entry `entry`.
    pub(crate) fn preloads(&self, entry: &str, parts: &[&str]) -> String {
        let known = self.closure(&[entry]);
        let mut tags = String::new();
        for file in self.closure(parts).difference(&known) {
            if file.ends_with(".css") {
                tags.push_str(&format!("<link rel=\"stylesheet\" crossorigin href=\"/{file}\">\n"));
            } else {
                tags.push_str(&format!(
                    "<link rel=\"modulepreload\" crossorigin href=\"/{file}\">\n"
                ));
            }
        }
        tags
    }

    /// The files that parts of the client need before they run.
    fn closure(&self, parts: &[&str]) -> BTreeSet<&str> {
        let mut open: Vec<&str> = parts.to_vec();
        let mut seen = BTreeSet::new();
        let mut files = BTreeSet::new();
        while let Some(part) = open.pop() {
            let Some(chunk) = self.chunks.get(part).filter(|_| seen.insert(part)) else {
                continue;
            };
            files.insert(chunk.file.as_str());
            files.extend(chunk.css.iter().map(String::as_str));
            open.extend(chunk.imports.iter().map(String::as_str));
        }
        files
    }

    /// The key of the part whose name begins with `name`, such as a dependency's.
    pub(crate) fn part(&self, name: &str) -> Option<&str> {
        self.chunks.keys().map(String::as_str).find(|key| key.contains(name))
    }
}

impl Template {
    fn parse(html: &str) -> Self {
        let (before, rest) = html.split_once(HEAD_MARK).unwrap_or((html, ""));
        let (between, after) = rest.split_once(BODY_MARK).unwrap_or((rest, ""));
        Self {
            before: before.to_owned(),
            between: between.to_owned(),
            after: after.to_owned(),
            scripts: inline_scripts(html),
        }
    }

    /// The whole page.
    pub(crate) fn fill(&self, head: &str, body: &str) -> String {
        [&self.before, head, &self.between, body, &self.after].concat()
    }
}

/// Hashes of the scripts that stand in the page itself, as a policy names them.
fn inline_scripts(html: &str) -> String {
    let scripts = html.split("<script>").skip(1).filter_map(|rest| rest.split("</script>").next());
    let hashed = scripts
        .map(|script| format!(" 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(script))));
    hashed.collect()
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// Adds the routes of the files.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/assets/{file}", web::get().to(file))
        .route("/assets/{file}", web::head().to(file))
        .route("/favicon.svg", web::get().to(file))
        .route("/static/no-picture.svg", web::get().to(file));
}

/// Answers with a file of the client, compressed if the asker reads that.
async fn file(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = request.path().trim_start_matches('/');
    let file = CLIENT.files.get(path);
    let file = file.ok_or_else(|| Problem::not_found("There is nothing at this address"))?;
    // A name with a hash in it never means other bytes.
    let cache = if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=86400"
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, cache)).insert_header((ETAG, file.etag.as_str()));
    response.insert_header((VARY, "accept-encoding"));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|etag| etag.trim() == file.etag)) {
        return Ok(response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    response.insert_header((CONTENT_TYPE, file.kind.as_str()));
    let bytes = match (&file.brotli, &file.gzip) {
        (Some(brotli), _) if reads(request.headers(), "br") => {
            response.insert_header((CONTENT_ENCODING, "br"));
            brotli
        }
        (_, Some(gzip)) if reads(request.headers(), "gzip") => {
            response.insert_header((CONTENT_ENCODING, "gzip"));
            gzip
        }
        _ => &file.plain,
    };
    Ok(response.body(bytes.clone()))
}

/// True if the asker reads a coding (RFC 9110, 12.5.3); `*` is not taken as a wish.
fn reads(headers: &HeaderMap, coding: &str) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        named && weight.and_then(|q| q.parse::<f32>().ok()).is_none_or(|q| q > 0.0)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn accepting(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn codings_are_used_only_if_the_asker_reads_them() {
        assert!(reads(&accepting("gzip, deflate, br"), "br"));
        assert!(reads(&accepting("GZIP;q=0.5"), "gzip"));
        assert!(!reads(&accepting("br;q=0, gzip"), "br"));
        assert!(!reads(&accepting("*"), "br"));
        assert!(!reads(&HeaderMap::new(), "gzip"));
    }

    #[test]
    fn templates_are_filled_in_both_places_and_name_their_scripts() {
        let template = Template::parse(
            "<head><!-- kinora:head --><script>1</script></head><body><!-- kinora:body --></body>",
        );
        assert_eq!(
            template.fill("<title>t</title>", "<p>b</p>"),
            "<head><title>t</title><script>1</script></head><body><p>b</p></body>"
        );
        // The digest of "1", as `openssl dgst -sha256 -binary | base64` gives it.
        assert_eq!(template.scripts, " 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='");
    }

    #[test]
    fn a_page_that_nobody_built_still_has_both_places() {
        let template = Template::parse(UNBUILT);
        let page = template.fill("HEAD", "BODY");
        assert!(page.contains("HEAD</head>") && page.contains("BODY</body>"));
    }
}
