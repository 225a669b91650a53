//! Captions of a video.

use actix_multipart::Multipart;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kinora_model::caption::Caption;
use kinora_model::video::lists::language_label;
use kinora_service::{captions, videos};
use serde::Serialize;
use utoipa::ToSchema;

use super::picked;
use crate::auth::{MaybeSignedIn, SignedIn};
use crate::page::List;
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/videos/{id}/captions", web::get().to(list))
        .route("/videos/{id}/captions/{language}", web::put().to(put))
        .route("/videos/{id}/captions/{language}", web::delete().to(delete));
}

/// Captions in one language.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VideoCaption {
    language: Language,
    automatically_generated: bool,
    caption_path: String,
    file_url: String,
    m3u8_url: Option<String>,
    updated_at: String,
}

/// A language.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CaptionLanguage)]
pub(crate) struct Language {
    id: String,
    label: String,
}

impl VideoCaption {
    fn of(app: &App, caption: &Caption) -> Self {
        let path = format!("/lazy-static/video-captions/{}.vtt", caption.blob);
        let label = language_label(&caption.language).unwrap_or("Unknown").to_owned();
        Self {
            language: Language { id: caption.language.clone(), label },
            automatically_generated: false,
            file_url: app.config.url(&path),
            caption_path: path,
            m3u8_url: None,
            updated_at: caption.updated_at.to_string(),
        }
    }
}

/// Lists the captions of a video.
#[utoipa::path(
    get,
    path = "/api/v1/videos/{id}/captions",
    tag = "Video Captions",
    responses((status = 200, body = List<VideoCaption>), (status = 404))
)]
pub(crate) async fn list(
    app: web::Data<App>,
    path: web::Path<String>,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let all = captions::list(&app.service, who.0.as_ref(), &path).await?;
    let data: Vec<_> = all.iter().map(|caption| VideoCaption::of(&app, caption)).collect();
    Ok(web::Json(List { total: data.len(), data }))
}

/// Sets the captions of a video in one language.
#[utoipa::path(
    put,
    path = "/api/v1/videos/{id}/captions/{language}",
    tag = "Video Captions",
    security(("oauth2" = [])),
    request_body(content_type = "multipart/form-data", description = "captionfile: WebVTT or SubRip"),
    responses((status = 204), (status = 400), (status = 403), (status = 404), (status = 413))
)]
pub(crate) async fn put(
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    who: SignedIn,
    form: Multipart,
) -> Result<impl Responder, Problem> {
    let (video, language) = path.into_inner();
    videos::editable(&app.service, &who.0, &video).await?;
    let file = picked::part(form, "captionfile", captions::CAPTION_BYTES_MAX).await?;
    captions::put(&app.service, &who.0, &video, &language, &file).await?;
    Ok(HttpResponse::NoContent())
}

/// Removes the captions of a video in one language.
#[utoipa::path(
    delete,
    path = "/api/v1/videos/{id}/captions/{language}",
    tag = "Video Captions",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let (video, language) = path.into_inner();
    captions::delete(&app.service, &who.0, &video, &language).await?;
    Ok(HttpResponse::NoContent())
}
