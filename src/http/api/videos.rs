//! One video: shown, changed, deleted, and what hangs on it.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kinora_model::video::lists::{CATEGORIES, LANGUAGES, LICENCES};
use kinora_model::video::{Privacy, Storyboard};
use kinora_service::{video_tokens, videos};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::followers;
use super::shapes::video::Details;
use crate::auth::{MaybeSignedIn, SignedIn};
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/videos/categories", web::get().to(categories))
        .route("/videos/licences", web::get().to(licences))
        .route("/videos/languages", web::get().to(languages))
        .route("/videos/privacies", web::get().to(privacies))
        .route("/videos/{id}", web::get().to(get))
        .route("/videos/{id}", web::delete().to(delete))
        .route("/videos/{id}/description", web::get().to(description))
        .route("/videos/{id}/storyboards", web::get().to(storyboards))
        .route("/videos/{id}/source", web::get().to(source))
        .route("/videos/{id}/token", web::post().to(token));
}

/// Lists the categories.
pub(crate) async fn categories() -> impl Responder {
    web::Json(words(CATEGORIES.iter().map(|(number, label)| (number.to_string(), *label))))
}

/// Lists the licences.
pub(crate) async fn licences() -> impl Responder {
    web::Json(words(LICENCES.iter().map(|(number, label)| (number.to_string(), *label))))
}

/// Lists the languages.
pub(crate) async fn languages() -> impl Responder {
    web::Json(words(LANGUAGES.iter().map(|(code, label)| ((*code).to_owned(), *label))))
}

/// Lists the privacies.
pub(crate) async fn privacies() -> impl Responder {
    web::Json(words(Privacy::ALL.iter().map(|it| (it.number().to_string(), it.label()))))
}

fn words(all: impl Iterator<Item = (String, &'static str)>) -> Map<String, Value> {
    all.map(|(id, label)| (id, Value::from(label))).collect()
}

/// Tells all of a video.
#[utoipa::path(
    get,
    path = "/api/v1/videos/{id}",
    tag = "Video",
    params(("id" = String, Path, description = "number, uuid or short uuid")),
    responses((status = 200, body = Details), (status = 404))
)]
pub(crate) async fn get(
    app: web::Data<App>,
    path: web::Path<String>,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let details = videos::details(&app.service, who.0.as_ref(), &path).await?;
    let mut shown = Details::shared(&app, &details).await?;
    let (account, channel) = (&mut shown.account, &mut shown.channel);
    followers::count_accounts(&app, std::slice::from_mut(account)).await?;
    followers::count_channels(&app, std::slice::from_mut(channel)).await?;
    Ok(web::Json(shown))
}

/// Deletes a video.
#[utoipa::path(
    delete,
    path = "/api/v1/videos/{id}",
    tag = "Video",
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    path: web::Path<String>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    videos::delete(&app.service, &who.0, &path).await?;
    Ok(HttpResponse::NoContent())
}

/// Tells the whole description of a video.
pub(crate) async fn description(
    app: web::Data<App>,
    path: web::Path<String>,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let video = videos::find(&app.service, who.0.as_ref(), &path).await?;
    let text = video.words.description.as_ref().map(ToString::to_string);
    Ok(web::Json(json!({ "description": text.unwrap_or_default() })))
}

/// Sprites for seek previews, in PeerTube's words.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sprites {
    storyboard_path: String,
    file_url: String,
    total_height: u32,
    total_width: u32,
    sprite_height: u32,
    sprite_width: u32,
    /// Seconds.
    sprite_duration: f64,
}

impl Sprites {
    fn of(app: &App, board: &Storyboard) -> Self {
        let path = format!("/lazy-static/storyboards/{}.jpg", board.blob);
        Self {
            file_url: app.config.url(&path),
            storyboard_path: path,
            total_height: board.total_height,
            total_width: board.total_width,
            sprite_height: board.sprite_height,
            sprite_width: board.sprite_width,
            sprite_duration: std::time::Duration::from_millis(board.sprite_ms).as_secs_f64(),
        }
    }
}

/// Lists the storyboards of a video: none, or one.
pub(crate) async fn storyboards(
    app: web::Data<App>,
    path: web::Path<String>,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let video = videos::find(&app.service, who.0.as_ref(), &path).await?;
    let boards: Vec<_> = video.storyboard.iter().map(|board| Sprites::of(&app, board)).collect();
    Ok(web::Json(json!({ "storyboards": boards })))
}

/// Tells its owner of the file that a video came from.
pub(crate) async fn source(
    app: web::Data<App>,
    path: web::Path<String>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let video = videos::editable(&app.service, &who.0, &path).await?;
    let footage = video.footage.as_ref();
    Ok(web::Json(json!({
        "filename": video.source.filename,
        "inputFilename": video.source.filename,
        "fileDownloadUrl": Value::Null,
        "size": video.source.bytes,
        "width": footage.map(|it| it.width),
        "height": footage.map(|it| it.height),
        "fps": footage.map(|it| it.fps_milli.saturating_add(500) / 1_000),
        "resolution": footage.map(|it| super::shapes::video::Resolution::of(it.width.min(it.height))),
        "createdAt": video.created_at.to_string(),
    })))
}

/// Gives a token for the media of a video that the asker may see.
pub(crate) async fn token(
    app: web::Data<App>,
    path: web::Path<String>,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let given = video_tokens::give(&app.service, who.0.as_ref(), &path).await?;
    let files = json!({ "token": given.token, "expires": given.expires.to_string() });
    Ok(web::Json(json!({ "files": files })))
}

#[cfg(test)]
mod tests;
