//! Who asks: read from the bearer token of each request, so that a revoked one is refused at once.

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use futures::future::LocalBoxFuture;
use kinora_model::user::Role;
use kinora_service::{Viewer, sessions};

use crate::problem::Problem;
use crate::server::App;

/// Someone logged in; everyone else gets a 401.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn(pub Viewer);

/// Someone logged in, or nobody. A token that is not valid gets a 401 all the same, so that a client learns of it.
#[derive(Clone, Copy, Debug)]
pub struct MaybeSignedIn(pub Option<Viewer>);

/// A moderator or administrator; everyone else logged in gets a 403.
#[derive(Clone, Copy, Debug)]
pub struct Moderator(pub Viewer);

/// An administrator; everyone else logged in gets a 403.
#[derive(Clone, Copy, Debug)]
pub struct Administrator(pub Viewer);

/// The bearer token of a request (RFC 6750, section 2.1).
#[must_use]
pub fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// Who asks, `None` if the request has no token.
///
/// # Errors
/// 401 `invalid_token` if it has one that is not valid.
pub async fn viewer(app: &App, request: &HttpRequest) -> Result<Option<Viewer>, Problem> {
    match bearer(request) {
        Some(token) => Ok(Some(sessions::viewer(&app.service, token).await?)),
        None => Ok(None),
    }
}

async fn signed_in(request: HttpRequest) -> Result<Viewer, Problem> {
    let nobody = || {
        Problem::unauthorized(
            "unauthorized_request",
            "Unauthorized request: no authentication given",
        )
    };
    maybe(request).await?.ok_or_else(nobody)
}

async fn maybe(request: HttpRequest) -> Result<Option<Viewer>, Problem> {
    let app = request.app_data::<web::Data<App>>().ok_or_else(Problem::internal)?;
    viewer(app, &request).await
}

async fn at_least(request: HttpRequest, role: Role) -> Result<Viewer, Problem> {
    let viewer = signed_in(request).await?;
    if viewer.role < role {
        return Err(Problem::forbidden("You do not have the right to do this"));
    }
    Ok(viewer)
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { signed_in(request).await.map(Self) })
    }
}

impl FromRequest for MaybeSignedIn {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { maybe(request).await.map(Self) })
    }
}

impl FromRequest for Moderator {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { at_least(request, Role::Moderator).await.map(Self) })
    }
}

impl FromRequest for Administrator {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { at_least(request, Role::Administrator).await.map(Self) })
    }
}
