//! Headers that every answer has.

use actix_cors::Cors;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;

/// How long a browser may remember that other sites may ask, in seconds.
const PREFLIGHT_MAX_AGE_S: usize = 86_400;

/// What a page may load unless it says otherwise: nothing but its own pictures and styles.
const POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// Any site may ask: nothing here is granted by a cookie, and tokens are never sent by themselves.
pub(crate) fn cors() -> Cors {
    Cors::default()
        .allow_any_origin()
        .allow_any_method()
        .allow_any_header()
        .send_wildcard()
        .disable_vary_header()
        .expose_headers([
            "accept-ranges",
            "content-disposition",
            "content-length",
            "content-range",
            "etag",
            "location",
            "range",
            "retry-after",
        ])
        .max_age(PREFLIGHT_MAX_AGE_S)
}

/// Keeps browsers from guessing types, and pages from loading what they did not ask for.
pub(crate) async fn secure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    let html =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Also to who does not say where they come from: a cache may keep this answer for those who do.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if html {
        // Servers of the fediverse find documents where people find pages.
        headers.append(VARY, HeaderValue::from_static("accept"));
        if !headers.contains_key(CONTENT_SECURITY_POLICY) {
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        }
        if !headers.contains_key(REFERRER_POLICY) {
            headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        }
    }
    Ok(response)
}
