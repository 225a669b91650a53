//! Torrents of the renditions' files, with this node as their web seed.

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use kinora_media::torrent;
use kinora_model::rendition::Rendition;
use kinora_model::video::Video;

use super::answer::{self, Described, Keep};
use super::{asker, downloads, part, renditions, streams};
use crate::problem::Problem;
use crate::server::App;

/// The media type of torrents (BEP 3).
const TORRENT: &str = "application/x-bittorrent";

/// Answers with a torrent (`{uuid}-{resolution}-hls.torrent`).
pub(super) async fn get(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (video, rendition) = named(&app, &request).await?;
    send(&app, &request, &video, &rendition).await
}

/// Answers with a torrent, to be kept.
pub(super) async fn download(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (video, rendition) = named(&app, &request).await?;
    let name = downloads::file_name(&video, &rendition).replace(".mp4", ".torrent");
    let response = send(&app, &request, &video, &rendition).await?;
    Ok(downloads::attached(response, &name))
}

async fn named(
    app: &App,
    request: &HttpRequest,
) -> Result<(std::sync::Arc<Video>, Rendition), Problem> {
    let stem = part(request, "name").strip_suffix("-hls.torrent");
    let named = stem.and_then(streams::resolution);
    let (uuid, resolution) = named.ok_or_else(|| Problem::not_found("Torrent not found"))?;
    let video = asker::enter_early(app, request, uuid).await?;
    let rendition = renditions::whole(app, &video, resolution).await?;
    Ok((video, rendition))
}

async fn send(
    app: &App,
    request: &HttpRequest,
    video: &Video,
    rendition: &Rendition,
) -> Result<HttpResponse, Problem> {
    let Some(kept) = &rendition.torrent else { return Err(renditions::not_ready(video)) };
    let bytes = app.service.blobs.get(&kept.blob).await.map_err(kinora_media::Error::from)?;
    let path = format!(
        "/static/streaming-playlists/hls/{0}/{0}-{1}-fragmented.mp4",
        video.uuid, rendition.resolution
    );
    let seed = app.config.public_url.join(&path);
    let seeds: Vec<_> = seed.into_iter().collect();
    let file = Bytes::from(torrent::with_web_seeds(&bytes, &seeds)?);
    let etag = kept.blob.to_string();
    let described = Described {
        kind: TORRENT,
        bytes: u64::try_from(file.len()).unwrap_or(u64::MAX),
        etag: &etag,
        keep: Keep::checked(video),
    };
    Ok(answer::bytes(request, &described, file))
}
