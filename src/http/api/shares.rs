//! Shares: the asker spreads a video to those who follow them.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kinora_service::shares;
use kinora_service::videos;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::SignedIn;
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn kinora_routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/videos/{id}/share")
            .route(web::get().to(get))
            .route(web::post().to(share))
            .route(web::delete().to(unshare)),
    );
}

/// Whether the asker spreads a video.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = VideoShare)]
pub(crate) struct Shared {
    /// True if they do.
    shared: bool,
}

/// Says whether the asker spreads a video.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/videos/{id}/share",
    tag = "Video Shares",
    security(("oauth2" = [])),
    responses((status = 200, body = Shared), (status = 401), (status = 404))
)]
pub(crate) async fn get(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let video = videos::find(&app.service, Some(&who.0), &path).await?;
    let shared = shares::is_shared(&app.service, &who.0, video.id).await?;
    Ok(web::Json(Shared { shared }))
}

/// Spreads a video to those who follow the asker.
#[utoipa::path(
    post,
    path = "/api/kinora/v1/videos/{id}/share",
    tag = "Video Shares",
    security(("oauth2" = [])),
    responses((status = 204), (status = 401), (status = 404), (status = 409))
)]
pub(crate) async fn share(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    shares::share(&app.service, &who.0, &path).await?;
    Ok(HttpResponse::NoContent())
}

/// Spreads a video no longer.
#[utoipa::path(
    delete,
    path = "/api/kinora/v1/videos/{id}/share",
    tag = "Video Shares",
    security(("oauth2" = [])),
    responses((status = 204), (status = 401), (status = 404))
)]
pub(crate) async fn unshare(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    shares::unshare(&app.service, &who.0, &path).await?;
    Ok(HttpResponse::NoContent())
}
