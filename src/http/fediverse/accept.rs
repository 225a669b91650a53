//! What an asker wants to read: an ActivityPub document, or a page for people.

use actix_web::guard::GuardContext;
use actix_web::http::header::{ACCEPT, HeaderMap};

/// Media types of ActivityPub documents (ActivityPub, 3.2), with whatever parameters.
const DOCUMENTS: [&str; 2] = ["application/activity+json", "application/ld+json"];

/// Media types of pages.
const PAGES: [&str; 2] = ["text/html", "application/xhtml+xml"];

/// The most media ranges that are looked at.
const RANGES_MAX: usize = 32;

/// True if the asker says that they would rather have an ActivityPub document than a page (RFC 9110, 12.5.1).
pub(crate) fn wants_document(headers: &HeaderMap) -> bool {
    let (mut document, mut page) = (0, 0);
    let lines = headers.get_all(ACCEPT).filter_map(|line| line.to_str().ok());
    for range in lines.flat_map(ranges).take(RANGES_MAX) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(weight).unwrap_or(1_000);
        if DOCUMENTS.contains(&kind.as_str()) {
            document = document.max(weight);
        } else if PAGES.contains(&kind.as_str()) {
            page = page.max(weight);
        }
    }
    // Whoever knows the word at all and likes both alike is a server.
    document > 0 && document >= page
}

/// The parts of a list that commas within quotes do not divide.
fn ranges(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
    .map(str::trim)
}

/// The weight of `q=0.5` in thousandths.
fn weight(parameter: &str) -> Option<u32> {
    let text = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?;
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let whole: u32 = whole.parse().ok()?;
    let thousandths: u32 = format!("{:0<3}", rest.get(..3).unwrap_or(rest)).parse().ok()?;
    Some(whole.saturating_mul(1_000).saturating_add(thousandths).min(1_000))
}

/// [`wants_document`] as a guard of a route.
pub(super) fn document(context: &GuardContext<'_>) -> bool {
    wants_document(context.head().headers())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn wants(accept: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        wants_document(&headers)
    }

    #[test]
    fn servers_get_documents() {
        for accept in [
            "application/activity+json",
            "application/activity+json, application/ld+json",
            "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
            "application/ld+json;profile=\"a,b\", text/html;q=0.1",
            "application/activity+json, application/ld+json, text/html;q=0.9, application/json;q=0.5",
            "APPLICATION/ACTIVITY+JSON",
        ] {
            assert!(wants(accept), "{accept}");
        }
    }

    #[test]
    fn people_and_those_who_do_not_say_get_pages() {
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "*/*",
            "",
            "application/json",
            "text/html, application/activity+json;q=0.5",
            "application/activity+json;q=0",
            "text/html;x=\"application/activity+json\"",
        ] {
            assert!(!wants(accept), "{accept}");
        }
        assert!(!wants_document(&HeaderMap::new()));
    }
}
