//! Problems: why a request was not done, in PeerTube's form of RFC 7807, or as RFC 9457 under `/api/kinora/v1`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

pub(crate) mod from;

/// The media type of a problem.
const PROBLEM_JSON: &str = "application/problem+json; charset=utf-8";

/// Where the codes of PeerTube's errors are described; its clients compare the codes.
const PEERTUBE_ERRORS: &str =
    "https://docs.joinpeertube.org/api-rest-reference.html#section/Errors/";

/// Why a request was not done. It never shows a cause: causes are logged where they become a problem.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: Option<&'static str>,
    detail: Cow<'static, str>,
    invalid: Vec<(Cow<'static, str>, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: None, detail: detail.into(), invalid: Vec::new(), headers: Vec::new() }
    }

    /// 404: there is no such thing, or the asker may not know of it.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 403: the asker may not do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 400: a field of the request is not as it must be.
    #[must_use]
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: impl fmt::Display) -> Self {
        let field = field.into();
        let detail = format!("Incorrect request parameters: {field}");
        let mut problem = Self::new(StatusCode::BAD_REQUEST, detail);
        problem.invalid.push((field, reason.to_string()));
        problem
    }

    /// 400: the request as a whole cannot be understood.
    #[must_use]
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 401: nobody is logged in, or the token is not valid.
    #[must_use]
    pub fn unauthorized(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let problem = Self::new(StatusCode::UNAUTHORIZED, detail).with_code(code);
        problem.with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 503: not now, but in so many seconds perhaps.
    #[must_use]
    pub fn unavailable(detail: impl Into<Cow<'static, str>>, retry_after_s: u64) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_retry_after(retry_after_s)
    }

    /// 500: the node failed; the log says how.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The server failed; its log says how")
    }

    /// The same with a stable word that programs compare.
    #[must_use]
    pub const fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same with the seconds until another try is welcome.
    #[must_use]
    pub fn with_retry_after(self, seconds: u64) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable word, if there is one.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// The sentence for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The body in PeerTube's form.
    fn peertube(&self) -> PeerTubeBody<'_> {
        PeerTubeBody {
            kind: self.code.map_or_else(
                || Cow::Borrowed("about:blank"),
                |code| Cow::Owned(format!("{PEERTUBE_ERRORS}{code}")),
            ),
            title: self.title().filter(|_| self.code.is_none()),
            detail: &self.detail,
            status: self.status.as_u16(),
            code: self.code,
            error: &self.detail,
            invalid: self
                .invalid
                .iter()
                .map(|(field, reason)| {
                    let said =
                        InvalidParam { kind: "field", msg: reason, path: field, location: "body" };
                    (field.as_ref(), said)
                })
                .collect(),
        }
    }

    /// The body as RFC 9457 has it.
    fn plain(&self) -> PlainBody<'_> {
        PlainBody {
            kind: "about:blank",
            title: self.title(),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code.unwrap_or_else(|| code_of(self.status)),
            invalid: self
                .invalid
                .iter()
                .map(|(field, reason)| PlainParam { name: field, reason })
                .collect(),
        }
    }

    fn title(&self) -> Option<&'static str> {
        self.status.canonical_reason()
    }

    fn answer(&self, body: &impl Serialize) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type(PROBLEM_JSON);
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        // Structs of strings and numbers can always be written.
        response.body(serde_json::to_vec(body).unwrap_or_default())
    }
}

/// The word for a status that has no more exact one.
fn code_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "invalid-request",
        StatusCode::UNAUTHORIZED => "unauthorized",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::CONFLICT => "conflict",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::TOO_MANY_REQUESTS => "too-often",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        StatusCode::INSUFFICIENT_STORAGE => "no-space",
        status if status.is_client_error() => "refused",
        _ => "internal",
    }
}

#[derive(Serialize)]
struct PeerTubeBody<'a> {
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    detail: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    error: &'a str,
    #[serde(rename = "invalid-params", skip_serializing_if = "BTreeMap::is_empty")]
    invalid: BTreeMap<&'a str, InvalidParam<'a>>,
}

#[derive(Serialize)]
struct InvalidParam<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    msg: &'a str,
    path: &'a str,
    location: &'a str,
}

#[derive(Serialize)]
struct PlainBody<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invalid: Vec<PlainParam<'a>>,
}

#[derive(Serialize)]
struct PlainParam<'a> {
    name: &'a str,
    reason: &'a str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(&self.peertube())
    }
}

/// Writes problems of what is Kinora's alone as RFC 9457 has them.
pub(crate) async fn plain_problems(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let problem =
        response.response().error().and_then(|error| error.as_error::<Problem>()).cloned();
    Ok(match problem {
        Some(problem) => response.into_response(problem.answer(&problem.plain())),
        None => response,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use serde_json::json;

    #[test]
    fn an_invalid_field_is_told_as_peertube_tells_it() {
        let body = serde_json::to_value(Problem::invalid("name", "too long").peertube()).unwrap();
        assert_eq!(
            body,
            json!({
                "type": "about:blank",
                "title": "Bad Request",
                "detail": "Incorrect request parameters: name",
                "status": 400,
                "error": "Incorrect request parameters: name",
                "invalid-params": {
                    "name": { "type": "field", "msg": "too long", "path": "name", "location": "body" }
                }
            })
        );
    }

    #[test]
    fn a_code_stands_in_the_type_as_well() {
        let problem = Problem::unauthorized("invalid_token", "Token is invalid");
        let body = serde_json::to_value(problem.peertube()).unwrap();
        assert_eq!(body["code"], "invalid_token");
        assert!(body["type"].as_str().unwrap().ends_with("/invalid_token"));
        assert_eq!(problem.error_response().status(), 401);
    }

    #[test]
    fn problems_of_our_own_api_always_have_a_code() {
        let body = serde_json::to_value(Problem::not_found("Video not found").plain()).unwrap();
        assert_eq!(body["code"], "not-found");
        assert_eq!(body["title"], "Not Found");
        assert!(body.get("error").is_none());
    }
}
