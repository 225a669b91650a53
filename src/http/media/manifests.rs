//! Manifests: what the segments of a video hash to.

use actix_web::{HttpRequest, HttpResponse, web};
use kinora_model::video::parse_uuid;

use super::answer::{self, Described, Keep};
use super::{asker, part};
use crate::problem::Problem;
use crate::server::App;

/// Answers with the manifest of a video, if it is still the one that was asked for.
pub(super) async fn get(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let missing = || Problem::not_found("File not found");
    let uuid = parse_uuid(part(&request, "uuid")).ok_or_else(missing)?;
    let peers = app.peers.as_ref().ok_or_else(missing)?;
    let video = asker::enter(&app, &request, uuid).await?;
    let shared = peers.shared(&video).await?;
    let manifest = shared.and_then(|it| it.manifest).ok_or_else(missing)?;
    let sha256 = manifest.hex();
    if part(&request, "name").strip_suffix(".json") != Some(sha256.as_str()) {
        return Err(missing());
    }
    let keep = Keep::forever_if_open(&video);
    let described =
        Described { kind: "application/json", bytes: manifest.size(), etag: &sha256, keep };
    Ok(answer::bytes(&request, &described, manifest.bytes.clone()))
}
