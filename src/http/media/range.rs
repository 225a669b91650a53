//! Which bytes of a file a request asks for (RFC 9110, 13 and 14), and whether it has them already.

use std::ops::Range;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, IF_NONE_MATCH, IF_RANGE, RANGE};

/// What a request asks of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It has these very bytes.
    Unchanged,
    /// All of it.
    Whole,
    /// A span, not empty, within the file.
    Span(Range<u64>),
    /// A span that lies outside the file.
    Outside,
}

/// Reads what is asked of a file of `bytes` bytes whose (strong) etag is `etag`, without quotes.
///
/// Several spans at once are answered with the whole file, as the RFC allows.
pub(crate) fn asked(request: &HttpRequest, bytes: u64, etag: &str) -> Asked {
    read(request.headers(), bytes, etag)
}

fn read(headers: &HeaderMap, bytes: u64, etag: &str) -> Asked {
    if text(headers, &IF_NONE_MATCH).is_some_and(|known| knows(known, etag)) {
        return Asked::Unchanged;
    }
    let Some(range) = text(headers, &RANGE) else { return Asked::Whole };
    // A date never matches: these files have no date that says as much as their etag.
    let same = text(headers, &IF_RANGE).is_none_or(|tag| tag.trim().trim_matches('"') == etag);
    if same { span(range, bytes) } else { Asked::Whole }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn knows(known: &str, etag: &str) -> bool {
    let same = |tag: &str| {
        let tag = tag.trim();
        tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == etag
    };
    known.split(',').any(same)
}

fn span(range: &str, bytes: u64) -> Asked {
    let Some((first, last)) =
        range.trim().strip_prefix("bytes=").and_then(|set| set.split_once('-'))
    else {
        return Asked::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    let number = |digits: &str| -> Option<u64> {
        let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        plain.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    match (number(first), number(last)) {
        (Some(from), Some(to)) if from > to => Asked::Whole,
        (Some(from), _) if from >= bytes && (last.is_empty() || number(last).is_some()) => {
            Asked::Outside
        }
        (Some(from), Some(to)) => Asked::Span(from..to.saturating_add(1).min(bytes)),
        (Some(from), None) if last.is_empty() => Asked::Span(from..bytes),
        (None, Some(0)) if first.is_empty() => Asked::Outside,
        (None, Some(_)) if first.is_empty() && bytes == 0 => Asked::Outside,
        (None, Some(tail)) if first.is_empty() => Asked::Span(bytes.saturating_sub(tail)..bytes),
        _ => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn ask(pairs: &[(HeaderName, &'static str)]) -> Asked {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        read(&headers, 1000, "abc")
    }

    #[test]
    fn spans_are_read_as_the_rfc_says() {
        let range = |value| ask(&[(RANGE, value)]);
        assert_eq!(range("bytes=0-499"), Asked::Span(0..500));
        assert_eq!(range("bytes=500-"), Asked::Span(500..1000));
        assert_eq!(range("bytes=-1"), Asked::Span(999..1000));
        assert_eq!(range("bytes=-5000"), Asked::Span(0..1000));
        assert_eq!(range("bytes=990-99999999999999999999999"), Asked::Span(990..1000));
        assert_eq!(range("bytes=1000-"), Asked::Outside);
        assert_eq!(range("bytes=1000-1001"), Asked::Outside);
        assert_eq!(range("bytes=-0"), Asked::Outside);
        assert_eq!(range("bytes=5-2"), Asked::Whole);
        assert_eq!(range("bytes=0-1,5-6"), Asked::Whole);
        assert_eq!(range("bytes=a-b"), Asked::Whole);
        assert_eq!(range("lines=1-2"), Asked::Whole);
        assert_eq!(range("bytes=-"), Asked::Whole);
    }

    #[test]
    fn a_span_of_other_bytes_is_answered_with_the_whole_file() {
        assert_eq!(ask(&[(RANGE, "bytes=0-0"), (IF_RANGE, "\"abc\"")]), Asked::Span(0..1));
        assert_eq!(ask(&[(RANGE, "bytes=0-0"), (IF_RANGE, "\"abd\"")]), Asked::Whole);
        assert_eq!(ask(&[(RANGE, "bytes=0-0"), (IF_RANGE, "W/\"abc\"")]), Asked::Whole);
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        assert_eq!(ask(&[(RANGE, "bytes=0-0"), (IF_RANGE, date)]), Asked::Whole);
    }

    #[test]
    fn who_has_the_bytes_is_not_sent_them_again() {
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\", W/\"abc\"")]), Asked::Unchanged);
        assert_eq!(ask(&[(IF_NONE_MATCH, "*")]), Asked::Unchanged);
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\"")]), Asked::Whole);
    }
}
