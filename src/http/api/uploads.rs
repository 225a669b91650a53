//! Videos come in: in one form, or in parts that can be resumed; and what is said of them is changed.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderValue, LOCATION, RANGE, RETRY_AFTER,
};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use futures::StreamExt;
use kinora_media::images::{Fit, Size};
use kinora_service::limits::Action;
use kinora_service::pictures::NewPicture;
use kinora_service::uploads::{self, NewUpload, Part, Progress};
use kinora_service::{Error, Viewer, videos};
use serde::Deserialize;
use serde_json::json;

use super::fields::needed;
use super::picked;
use super::shapes::video::Uploaded;
use super::video_form::{self, stall, stalled};
use crate::address::ClientAddress;
use crate::auth::SignedIn;
use crate::problem::Problem;
use crate::server::App;

/// Where parts go.
const RESUMABLE: &str = "/api/v1/videos/upload-resumable";

/// The size of a resumable file, in bytes (node-uploadx).
const UPLOAD_LENGTH: &str = "x-upload-content-length";

/// What is read on of a part that is refused, so that its sender hears why.
const DRAINED_BYTES_MAX: u64 = 64 << 20;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/videos/upload", web::post().to(upload))
        .service(
            web::resource("/videos/upload-resumable")
                .route(web::post().to(begin))
                .route(web::put().to(part))
                .route(web::delete().to(cancel)),
        )
        .route("/videos/{id}", web::put().to(update));
}

/// Takes a video in one form.
#[utoipa::path(
    post,
    path = "/api/v1/videos/upload",
    tag = "Video Upload",
    security(("oauth2" = [])),
    request_body(content_type = "multipart/form-data", description = "videofile, name, channelId and what else is said"),
    responses(
        (status = 200, body = Uploaded), (status = 400), (status = 401), (status = 408),
        (status = 413, description = "larger than the quota or this server allows"), (status = 507)
    )
)]
pub(crate) async fn upload(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
    who: SignedIn,
    address: ClientAddress,
) -> Result<impl Responder, Problem> {
    app.limits.count(Action::Upload, address.0)?;
    let mut form = video_form::read(&app, &request, payload, Some(&who.0)).await?;
    let (file, filename) = needed("videofile", form.file.take())?;
    let change = form.change()?;
    let channel = needed("channelId", change.channel)?;
    let words = change.begin(needed("name", change.title.clone())?)?;
    let picture = thumbnail(&app, form.picture).await?;
    let video = file.publish(&who.0, channel, &filename, &words).await?;
    if let Some((small, large)) = picture {
        let name = video.id.to_string();
        videos::set_thumbnail(&app.service, &who.0, &name, &small, &large).await?;
    }
    Ok(web::Json(Uploaded::of(&video)))
}

/// Changes what is said of a video.
#[utoipa::path(
    put,
    path = "/api/v1/videos/{id}",
    tag = "Video",
    security(("oauth2" = [])),
    params(("id" = String, Path, description = "number, uuid or short uuid")),
    request_body(content_type = "multipart/form-data"),
    responses((status = 204), (status = 400), (status = 403), (status = 404))
)]
pub(crate) async fn update(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<String>,
    payload: web::Payload,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    // Who may not change it need not send pictures first.
    videos::editable(&app.service, &who.0, &path).await?;
    let form = video_form::read(&app, &request, payload, None).await?;
    let change = form.change()?;
    let picture = thumbnail(&app, form.picture).await?;
    videos::update(&app.service, &who.0, &path, &change).await?;
    if let Some((small, large)) = picture {
        videos::set_thumbnail(&app.service, &who.0, &path, &small, &large).await?;
    }
    Ok(HttpResponse::NoContent())
}

/// Both sizes of a picture that someone sent.
async fn thumbnail(
    app: &App,
    picture: Option<(&'static str, bytes::Bytes)>,
) -> Result<Option<(NewPicture, NewPicture)>, Problem> {
    let Some((field, bytes)) = picture else { return Ok(None) };
    let size = |(width, height): (u32, u32)| Size { width, height, fit: Fit::Cover };
    let sizes = [videos::SMALL, videos::LARGE].map(size);
    let mut made = picked::make(app, field, bytes, &sizes).await?.into_iter();
    Ok(made.next().zip(made.next()))
}

/// Which upload a request is about.
#[derive(Deserialize)]
pub(crate) struct Which {
    upload_id: Option<String>,
}

impl Which {
    fn token(&self) -> Result<&str, Problem> {
        self.upload_id.as_deref().ok_or_else(|| Problem::not_found("Upload not found"))
    }
}

/// Begins an upload in parts.
#[utoipa::path(
    post,
    path = "/api/v1/videos/upload-resumable",
    tag = "Video Upload",
    security(("oauth2" = [])),
    request_body(content_type = "application/json", description = "name, channelId, filename and what else is said"),
    responses(
        (status = 201, description = "`Location` is where the parts go"), (status = 400), (status = 401),
        (status = 413), (status = 507)
    )
)]
pub(crate) async fn begin(
    app: web::Data<App>,
    request: HttpRequest,
    payload: web::Payload,
    who: SignedIn,
    address: ClientAddress,
) -> Result<impl Responder, Problem> {
    app.limits.count(Action::Upload, address.0)?;
    let form = video_form::read(&app, &request, payload, None).await?;
    let change = form.change()?;
    let announced = number(request.headers(), UPLOAD_LENGTH);
    let announced = if announced.is_some() { announced } else { form.filesize()? };
    let new = NewUpload {
        channel: needed("channelId", change.channel)?,
        filename: needed("filename", form.filename())?.to_owned(),
        bytes: needed("X-Upload-Content-Length", announced)?,
        words: change.begin(needed("name", change.title.clone())?)?,
    };
    let upload = uploads::begin(&app.service, &who.0, &new).await?;
    let place = format!("{RESUMABLE}?upload_id={}", upload.token);
    Ok(HttpResponse::Created().insert_header((LOCATION, place)).json(json!({})))
}

/// Takes in a part, or says how far the upload is.
#[utoipa::path(
    put,
    path = "/api/v1/videos/upload-resumable",
    tag = "Video Upload",
    security(("oauth2" = [])),
    params(
        ("upload_id" = String, Query),
        ("Content-Range" = Option<String>, Header, description = "`bytes 0-1023/4096`, or `bytes */4096` to ask")
    ),
    request_body(content_type = "application/octet-stream"),
    responses(
        (status = 200, body = Uploaded, description = "that was the last part"),
        (status = 308, description = "`Range` says what is here"), (status = 400), (status = 404), (status = 408),
        (status = 409, description = "another request writes"), (status = 416, description = "`Range` says what is here"),
        (status = 507)
    )
)]
pub(crate) async fn part(
    app: web::Data<App>,
    request: HttpRequest,
    which: web::Query<Which>,
    mut payload: web::Payload,
    who: SignedIn,
) -> Result<HttpResponse, Problem> {
    let token = which.token()?;
    let taken = take_part(&app, &request, token, &mut payload, &who.0).await;
    if taken.is_err() {
        drain(&app, &mut payload).await;
    }
    taken
}

async fn take_part(
    app: &App,
    request: &HttpRequest,
    token: &str,
    payload: &mut web::Payload,
    who: &Viewer,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(request.headers())?;
    let progress = uploads::progress(&app.service, who, token).await.map_err(problem)?;
    let (Asked::Part(part), Progress::Under { .. }) = (asked, &progress) else {
        drain(app, payload).await;
        return Ok(answer(&progress));
    };
    let receiving = uploads::receive(&app.service, who, token, part).await;
    let mut receiving = receiving.map_err(problem)?;
    let mut broke_off = None;
    loop {
        let next = tokio::select! {
            next = tokio::time::timeout(stall(app), payload.next()) => next,
            () = app.stopping.cancelled() => {
                broke_off = Some(Problem::unavailable("The server is stopping", 5));
                break;
            }
        };
        match next {
            Ok(None) => break,
            Ok(Some(Ok(chunk))) => {
                if let Err(error) = receiving.push(&chunk).await {
                    broke_off = Some(problem(error));
                    break;
                }
            }
            Ok(Some(Err(_))) => {
                broke_off = Some(Problem::bad_request("The body broke off; what came is kept"));
                break;
            }
            Err(_) => {
                broke_off = Some(stalled());
                break;
            }
        }
    }
    let ended = receiving.end().await;
    match broke_off {
        Some(problem) => Err(problem),
        None => Ok(answer(&ended.map_err(problem)?)),
    }
}

/// Ends an upload; what came of it is removed.
#[utoipa::path(
    delete,
    path = "/api/v1/videos/upload-resumable",
    tag = "Video Upload",
    security(("oauth2" = [])),
    params(("upload_id" = String, Query)),
    responses((status = 204), (status = 404))
)]
pub(crate) async fn cancel(
    app: web::Data<App>,
    which: web::Query<Which>,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    uploads::cancel(&app.service, &who.0, which.token()?).await?;
    Ok(HttpResponse::NoContent())
}

/// Passes over what is still sent, within reason: whoever sends reads no answer.
async fn drain(app: &App, payload: &mut web::Payload) {
    let mut drained = 0_u64;
    while drained < DRAINED_BYTES_MAX {
        match tokio::time::timeout(stall(app), payload.next()).await {
            Ok(Some(Ok(chunk))) => {
                drained = drained.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            }
            _ => return,
        }
    }
}

fn answer(progress: &Progress) -> HttpResponse {
    match progress {
        Progress::Done(video) => HttpResponse::Ok().json(Uploaded::of(video)),
        Progress::Under { received_bytes } => {
            let mut response = HttpResponse::PermanentRedirect();
            if let Some(range) = range(*received_bytes) {
                response.insert_header((RANGE, range));
            }
            response.finish()
        }
    }
}

/// What is here, as `Range` says it; nothing if nothing is.
fn range(received_bytes: u64) -> Option<HeaderValue> {
    let last = received_bytes.checked_sub(1)?;
    HeaderValue::try_from(format!("bytes=0-{last}")).ok()
}

/// A part in the wrong place is told where the next one begins.
fn problem(error: Error) -> Problem {
    match error {
        Error::WrongOffset { expected_bytes } => {
            let wrong = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, error.to_string())
                .with_code("wrong_offset");
            match range(expected_bytes) {
                Some(range) => wrong.with_header(RANGE, range),
                None => wrong,
            }
        }
        Error::UploadBusy => Problem::new(StatusCode::CONFLICT, error.to_string())
            .with_code("upload_busy")
            .with_header(RETRY_AFTER, HeaderValue::from_static("1")),
        other => other.into(),
    }
}

/// What a request to an upload asks.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// To take in a part.
    Part(Part),
    /// How far it is.
    Status,
}

impl Asked {
    /// Reads `Content-Range` (RFC 9110, section 14.4); without it the body is the whole file.
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(range) = headers.get(CONTENT_RANGE) else {
            let bytes = number(headers, CONTENT_LENGTH.as_str()).unwrap_or(0);
            return Ok(match bytes {
                0 => Self::Status,
                bytes => Self::Part(Part { start: 0, bytes, total: None }),
            });
        };
        let wrong = || Problem::invalid("Content-Range", "Should be `bytes first-last/size`");
        let range = range.to_str().ok().and_then(|range| range.trim().strip_prefix("bytes"));
        let range = range.map(|range| range.trim_start_matches([' ', '=']));
        let (span, total) = range.and_then(|range| range.split_once('/')).ok_or_else(wrong)?;
        let total = match total.trim() {
            "*" => None,
            total => Some(total.parse::<u64>().map_err(|_unreadable| wrong())?),
        };
        if span.trim() == "*" {
            return Ok(Self::Status);
        }
        let (first, last) = span.split_once('-').ok_or_else(wrong)?;
        let place = |text: &str| text.trim().parse::<u64>().map_err(|_unreadable| wrong());
        let (start, last) = (place(first)?, place(last)?);
        let bytes = last.checked_sub(start).and_then(|bytes| bytes.checked_add(1));
        let bytes = bytes.ok_or_else(wrong)?;
        Ok(Self::Part(Part { start, bytes, total }))
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
