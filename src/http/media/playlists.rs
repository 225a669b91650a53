//! Playlists, and the hashes of what they list.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use kinora_media::hls::{self, Admission};
use kinora_model::id::Id;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::Video;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::answer::{self, Described, Keep};
use super::{asker, renditions};
use crate::problem::Problem;
use crate::server::App;

/// The media type of playlists (RFC 8216, 4).
const PLAYLIST: &str = "application/vnd.apple.mpegurl";

/// Answers with the playlist of all renditions that are whole.
pub(super) async fn multivariant(
    app: &App,
    request: &HttpRequest,
    video: &Video,
) -> Result<HttpResponse, Problem> {
    let renditions = renditions::all(app, video).await?;
    let text = hls::multivariant::write(&renditions, admission(request).as_ref());
    if text.is_empty() {
        return Err(renditions::not_ready(video));
    }
    Ok(playlist(request, video, text))
}

/// Answers with the playlist of one rendition.
pub(super) async fn media(
    app: &App,
    request: &HttpRequest,
    video: &Video,
    id: Id<Rendition>,
) -> Result<HttpResponse, Problem> {
    let renditions = renditions::all(app, video).await?;
    let rendition = renditions
        .into_iter()
        .find(|rendition| rendition.id == id)
        .ok_or_else(|| Problem::not_found("File not found"))?;
    let segments = kinora_media::files::segments(&app.service.store, &rendition).await?;
    let text = hls::media::write(&rendition, &segments, admission(request).as_ref());
    if segments.is_empty() || text.is_empty() {
        return Err(renditions::not_ready(video));
    }
    Ok(playlist(request, video, text))
}

/// Answers with the SHA-256 of each part of each rendition's file, by its first and last byte, and of each file that a
/// playlist names: players of PeerTube look for either.
pub(super) async fn hashes(
    app: &App,
    request: &HttpRequest,
    video: &Video,
) -> Result<HttpResponse, Problem> {
    let mut hashes = BTreeMap::new();
    for rendition in renditions::all(app, video).await? {
        if rendition.state == RenditionState::Ready {
            let name = format!("{}-{}-fragmented.mp4", video.uuid, rendition.resolution);
            let file = app.media.file(&rendition).await?;
            let mut spans = serde_json::Map::new();
            for (place, (span, blob)) in file.spans().enumerate() {
                let hash = Value::from(blob.to_string());
                let bytes = format!("{}-{}", span.start, span.end.saturating_sub(1));
                spans.insert(bytes, hash.clone());
                // The first is the init segment.
                let ending = if place == 0 { "mp4" } else { "m4s" };
                hashes.insert(format!("{blob}.{ending}"), hash);
            }
            hashes.insert(name, Value::Object(spans));
        }
    }
    let text = serde_json::to_string(&hashes).unwrap_or_default();
    Ok(checked(request, video, "application/json", text))
}

fn playlist(request: &HttpRequest, video: &Video, text: String) -> HttpResponse {
    checked(request, video, PLAYLIST, text)
}

fn checked(request: &HttpRequest, video: &Video, kind: &'static str, text: String) -> HttpResponse {
    let etag: String =
        Sha256::digest(text.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let described = Described { kind, bytes, etag: &etag, keep: Keep::checked(video) };
    answer::bytes(request, &described, Bytes::from(text))
}

/// What a player asked to have written into each address.
fn admission(request: &HttpRequest) -> Option<Admission> {
    let asked = asker::tokens(request);
    if !asked.reinject {
        return None;
    }
    asked.token.as_deref().and_then(Admission::with_token)
}
