//! Answers with bytes: whole, a span of them, or only what is said of them.

use actix_web::body::{BoxBody, SizedStream};
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures::Stream;
use kinora_model::video::Video;

use super::range::{Asked, asked};

/// How long an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// For ever, by everyone: its name is the hash of its bytes.
    Forever,
    /// For an hour, by whoever asked: not everyone may see it.
    Privately,
    /// Only if it is asked each time whether it still holds.
    Checked,
    /// As [`Keep::Checked`], but by whoever asked alone.
    CheckedPrivately,
}

impl Keep {
    /// For bytes that never change under their name.
    pub(super) fn forever_if_open(video: &Video) -> Self {
        if video.words.privacy.is_open() { Self::Forever } else { Self::Privately }
    }

    /// For what grows or changes.
    pub(super) fn checked(video: &Video) -> Self {
        if video.words.privacy.is_open() { Self::Checked } else { Self::CheckedPrivately }
    }

    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Forever => "public, max-age=31536000, immutable",
            Self::Privately => "private, max-age=3600",
            Self::Checked => "public, no-cache",
            Self::CheckedPrivately => "private, no-cache",
        })
    }
}

/// What is said of bytes.
#[derive(Clone, Debug)]
pub(super) struct Described<'a> {
    /// The media type.
    pub(super) kind: &'static str,
    /// How many there are.
    pub(super) bytes: u64,
    /// A word that others do not share, without quotes.
    pub(super) etag: &'a str,
    /// How long they may be kept.
    pub(super) keep: Keep,
}

/// Answers with bytes that are in memory.
pub(super) fn bytes(request: &HttpRequest, described: &Described<'_>, all: Bytes) -> HttpResponse {
    let asked = asked(request, described.bytes, described.etag);
    let mut response = head(&asked, described);
    let part = match &asked {
        Asked::Unchanged | Asked::Outside => return response.finish(),
        Asked::Whole => all,
        Asked::Span(span) => {
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(all.len());
            all.slice(place(span.start)..place(span.end))
        }
    };
    if request.method() == Method::HEAD {
        return headless(response, described, &asked);
    }
    response.body(part)
}

/// Answers with bytes that are read as they are sent.
pub(super) fn stream<S, E>(
    request: &HttpRequest,
    described: &Described<'_>,
    open: impl FnOnce(std::ops::Range<u64>) -> S,
) -> HttpResponse
where
    S: Stream<Item = Result<Bytes, E>> + 'static,
    E: Into<Box<dyn std::error::Error>> + 'static,
{
    let asked = asked(request, described.bytes, described.etag);
    let mut response = head(&asked, described);
    let span = match &asked {
        Asked::Unchanged | Asked::Outside => return response.finish(),
        Asked::Whole => 0..described.bytes,
        Asked::Span(span) => span.clone(),
    };
    if request.method() == Method::HEAD {
        return headless(response, described, &asked);
    }
    let length = span.end.saturating_sub(span.start);
    response.body(SizedStream::new(length, open(span)))
}

fn head(asked: &Asked, described: &Described<'_>) -> HttpResponseBuilder {
    let status = match asked {
        Asked::Unchanged => StatusCode::NOT_MODIFIED,
        Asked::Whole => StatusCode::OK,
        Asked::Span(_) => StatusCode::PARTIAL_CONTENT,
        Asked::Outside => StatusCode::RANGE_NOT_SATISFIABLE,
    };
    let mut response = HttpResponse::build(status);
    response.insert_header((ETAG, format!("\"{}\"", described.etag)));
    response.insert_header((CACHE_CONTROL, described.keep.header()));
    if *asked == Asked::Unchanged {
        return response;
    }
    response.insert_header((ACCEPT_RANGES, HeaderValue::from_static("bytes")));
    let total = described.bytes;
    match asked {
        Asked::Span(span) => {
            let last = span.end.saturating_sub(1);
            response.insert_header((CONTENT_RANGE, format!("bytes {}-{last}/{total}", span.start)));
        }
        Asked::Outside => {
            response.insert_header((CONTENT_RANGE, format!("bytes */{total}")));
            return response;
        }
        Asked::Whole | Asked::Unchanged => {}
    }
    response.insert_header((CONTENT_TYPE, HeaderValue::from_static(described.kind)));
    response.insert_header((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
    response
}

/// An answer that tells its length and has no body.
fn headless(
    mut response: HttpResponseBuilder,
    described: &Described<'_>,
    asked: &Asked,
) -> HttpResponse {
    let length = match asked {
        Asked::Span(span) => span.end.saturating_sub(span.start),
        _ => described.bytes,
    };
    let nothing = futures::stream::empty::<Result<Bytes, std::io::Error>>();
    response.body(BoxBody::new(SizedStream::new(length, nothing)))
}
