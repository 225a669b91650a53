//! Which way the bytes of videos went, for those who answer for them.

use actix_web::Responder;
use actix_web::web::{self, ServiceConfig};
use kinora_model::traffic::Carried;
use kinora_service::{traffic, videos};

use super::shapes::traffic::Traffic;
use crate::auth::{Administrator, SignedIn};
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn kinora_routes(config: &mut ServiceConfig) {
    config
        .route("/server/traffic", web::get().to(of_node))
        .route("/videos/{id}/traffic", web::get().to(of_video));
}

/// Tells the traffic of all videos in the last 30 days.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/server/traffic",
    tag = "Stats",
    responses((status = 200, body = Traffic), (status = 401), (status = 403))
)]
pub(crate) async fn of_node(
    app: web::Data<App>,
    _who: Administrator,
) -> Result<impl Responder, Problem> {
    Ok(web::Json(Traffic::from(traffic::of(&app.service, Carried::All).await?)))
}

/// Tells the traffic of a video in the last 30 days, to its owner and to moderators.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/videos/{id}/traffic",
    tag = "Stats",
    responses((status = 200, body = Traffic), (status = 401), (status = 403), (status = 404))
)]
pub(crate) async fn of_video(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let video = videos::editable(&app.service, &who.0, &path).await?;
    let days = traffic::of(&app.service, Carried::Video(video.id)).await?;
    Ok(web::Json(Traffic::from(days)))
}
