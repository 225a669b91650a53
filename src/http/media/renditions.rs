//! The file of a rendition: its init and segments one after another, under one address.

use actix_web::{HttpRequest, HttpResponse};
use kinora_media::files::Reader;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::{Video, VideoState};

use super::answer::{self, Described, Keep};
use crate::problem::Problem;
use crate::server::App;

/// The most renditions of a video that are looked at.
const RENDITIONS_MAX: usize = 64;

/// Seconds until it is worth asking again for what is still being made.
const RETRY_AFTER_S: u64 = 10;

/// All renditions of a video, in whatever state.
pub(super) async fn all(app: &App, video: &Video) -> Result<Vec<Rendition>, Problem> {
    let rows = app.service.store.list::<Rendition>(&video.id.to_key(), RENDITIONS_MAX).await;
    let rows = rows.map_err(kinora_media::Error::from)?;
    Ok(rows.into_iter().map(kinora_store::Stored::into_row).collect())
}

/// The rendition with this label number, if it is whole; the problem says whether it will be.
pub(super) async fn whole(app: &App, video: &Video, resolution: u32) -> Result<Rendition, Problem> {
    let all = all(app, video).await?;
    let planned = !all.is_empty();
    match all.into_iter().find(|rendition| rendition.resolution == resolution) {
        Some(rendition) if rendition.state == RenditionState::Ready => Ok(rendition),
        Some(rendition) if rendition.state != RenditionState::Failed => Err(not_ready(video)),
        // Before probing nobody knows the sizes, and the address that was given out may be of any.
        None if !planned => Err(not_ready(video)),
        _ => Err(Problem::not_found("File not found")),
    }
}

/// The problem of asking for what cannot be had yet, or never will be.
pub(super) fn not_ready(video: &Video) -> Problem {
    match video.state {
        VideoState::Failed => Problem::not_found("File not found"),
        VideoState::Processing | VideoState::Published => {
            Problem::unavailable("This file is still being made", RETRY_AFTER_S)
        }
    }
}

/// Answers with the file of the rendition with this label number.
pub(super) async fn file(
    app: &App,
    request: &HttpRequest,
    video: &Video,
    resolution: u32,
) -> Result<HttpResponse, Problem> {
    let rendition = whole(app, video, resolution).await?;
    send(app, request, video, &rendition).await
}

/// Answers with the file of a rendition that is whole.
pub(super) async fn send(
    app: &App,
    request: &HttpRequest,
    video: &Video,
    rendition: &Rendition,
) -> Result<HttpResponse, Problem> {
    let file = app.media.file(rendition).await?;
    let described = Described {
        kind: if rendition.has_video { "video/mp4" } else { "audio/mp4" },
        bytes: file.bytes(),
        etag: file.etag(),
        keep: Keep::checked(video),
    };
    let open = |span| Reader::new(app.service.clone(), file.pieces(span)).into_stream();
    Ok(answer::stream(request, &described, open))
}
