//! Likes and dislikes.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kinora_model::reaction::Rating;
use kinora_service::{reactions, videos};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::fields::known;
use crate::auth::SignedIn;
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/videos/{id}/rate", web::put().to(rate))
        .route("/users/me/videos/{id}/rating", web::get().to(mine));
}

/// What someone thinks of a video.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Rate {
    /// `like`, `dislike` or `none`.
    rating: String,
}

/// Says what the asker thinks of a video.
#[utoipa::path(
    put,
    path = "/api/v1/videos/{id}/rate",
    tag = "Video Rates",
    security(("oauth2" = [])),
    request_body = Rate,
    responses((status = 204), (status = 400), (status = 404))
)]
pub(crate) async fn rate(
    app: web::Data<App>,
    path: web::Path<String>,
    who: SignedIn,
    said: web::Either<web::Json<Rate>, web::Form<Rate>>,
) -> Result<impl Responder, Problem> {
    let rating = said.into_inner().rating;
    let meaning = match rating.as_str() {
        "like" => Some(Some(Rating::Like)),
        "dislike" => Some(Some(Rating::Dislike)),
        "none" => Some(None),
        _ => None,
    };
    let rating = known("rating", meaning, rating.chars().take(40).collect::<String>())?;
    reactions::rate(&app.service, &who.0, &path, rating).await?;
    Ok(HttpResponse::NoContent())
}

/// Tells what the asker said of a video.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/videos/{id}/rating",
    tag = "My User",
    security(("oauth2" = [])),
    responses((status = 200), (status = 404))
)]
pub(crate) async fn mine(
    app: web::Data<App>,
    path: web::Path<String>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let video = videos::find(&app.service, Some(&who.0), &path).await?;
    let rating = match reactions::mine(&app.service, &who.0, &path).await? {
        Some(Rating::Like) => "like",
        Some(Rating::Dislike) => "dislike",
        None => "none",
    };
    Ok(web::Json(json!({ "videoId": video.id, "rating": rating })))
}
