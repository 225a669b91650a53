//! How peers find each other, as docs/p2p-protocol.md has it.

use actix_web::Responder;
use actix_web::web::{self, ServiceConfig};
use kinora_p2p::{Peers, limits};
use kinora_service::videos;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::shapes::swarm::{Manifest, Swarm};
use crate::address::ClientAddress;
use crate::problem::Problem;
use crate::server::App;

/// Characters of a session.
const SESSION_CHARS: std::ops::RangeInclusive<usize> = 16..=64;

/// Adds the routes.
pub(crate) fn kinora_routes(config: &mut ServiceConfig) {
    config
        .route("/p2p", web::get().to(bootstrap))
        .route("/videos/{id}/swarm", web::post().to(watch));
}

fn peers(app: &App) -> Result<&Peers, Problem> {
    app.peers.as_deref().ok_or_else(|| Problem::not_found("There are no peers here"))
}

/// Tells where peers begin.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/p2p",
    tag = "Peers",
    responses((status = 200, description = "docs/p2p-protocol.md, 1.1"), (status = 404))
)]
pub(crate) async fn bootstrap(app: web::Data<App>) -> Result<impl Responder, Problem> {
    let peers = peers(&app)?;
    let ice: Vec<_> = peers.stun().map(|url| json!({ "urls": [url] })).into_iter().collect();
    Ok(web::Json(json!({
        "peerId": peers.id(),
        "addrs": peers.addresses(),
        "nodes": peers.nodes(),
        "iceServers": ice,
        "viewers": peers.config.viewers.word(),
        "watchersMin": peers.config.watchers_min,
        "limits": {
            "frameBytesMax": limits::FRAME_BYTES_MAX,
            "segmentBytesMax": kinora_service::manifest::SEGMENT_BYTES_MAX,
            "segmentsMax": kinora_service::manifest::SEGMENTS_MAX,
            "renditionsMax": kinora_service::manifest::RENDITIONS_MAX,
            "peersMax": limits::PEERS_MAX,
            "changesMax": limits::CHANGES_MAX,
        },
        "protocols": {
            "tracker": limits::TRACKER,
            "have": limits::HAVE,
            "segment": limits::SEGMENT,
        },
    })))
}

/// What a player says.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Watching {
    /// 16 to 64 letters, digits, hyphens and underscores, drawn at random for each load of a page.
    session: String,
}

/// Who else watches, and what they share by.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Watched {
    /// The id of the swarm, hex.
    swarm: String,
    /// The video's uuid.
    video: String,
    /// How many sessions watch, the asker among them.
    watchers: usize,
    /// For how many seconds the asker counts.
    ttl: u64,
    /// What the segments hash to; `null` while no rendition is whole.
    manifest: Option<Manifest>,
}

/// Says that somebody watches, and tells whether others do.
#[utoipa::path(
    post,
    path = "/api/kinora/v1/videos/{id}/swarm",
    tag = "Peers",
    request_body = Watching,
    responses((status = 200, body = Watched), (status = 400), (status = 404))
)]
pub(crate) async fn watch(
    app: web::Data<App>,
    path: web::Path<String>,
    address: ClientAddress,
    said: web::Json<Watching>,
) -> Result<impl Responder, Problem> {
    let peers = peers(&app)?;
    if !is_session(&said.session) {
        return Err(Problem::invalid("session", "Should be 16 to 64 letters, digits, - or _"));
    }
    // Whoever asks, only what everybody may see is shared.
    let video = videos::find(&app.service, None, &path).await?;
    let shared = Swarm::of(&app, &video).await?;
    let shared = shared.ok_or_else(|| Problem::not_found("This video is not shared"))?;
    Ok(web::Json(Watched {
        swarm: shared.id,
        video: video.uuid.to_string(),
        watchers: peers.watched(&video, address.0, &said.session),
        ttl: peers.present().as_secs(),
        manifest: shared.manifest,
    }))
}

fn is_session(session: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    SESSION_CHARS.contains(&session.len()) && session.bytes().all(known)
}

#[cfg(test)]
mod tests;
