//! Players say that someone watches.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use bytes::Bytes;
use kinora_service::views::{self, Watcher};
use serde::Deserialize;

use crate::address::ClientAddress;
use crate::auth::MaybeSignedIn;
use crate::problem::Problem;
use crate::server::App;

/// The longest name of a session, in bytes.
const SESSION_BYTES_MAX: usize = 200;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/videos/{id}/views", web::post().to(watch));
}

/// What a player says; what is not here is passed over.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    session_id: Option<String>,
}

/// Counts a view.
#[utoipa::path(
    post,
    path = "/api/v1/videos/{id}/views",
    tag = "Video",
    request_body(content_type = "application/json", description = "currentTime, sessionId"),
    responses((status = 204), (status = 404))
)]
pub(crate) async fn watch(
    app: web::Data<App>,
    path: web::Path<String>,
    who: MaybeSignedIn,
    address: ClientAddress,
    body: Bytes,
) -> Result<impl Responder, Problem> {
    // A view counts even if the player says it in words that nobody knows.
    let said: Said = serde_json::from_slice(&body).unwrap_or_default();
    let session = said.session_id.filter(|session| session.len() <= SESSION_BYTES_MAX);
    let watcher = Watcher { address: address.0, session: session.as_deref() };
    views::watch(&app.service, who.0.as_ref(), &path, watcher).await?;
    Ok(HttpResponse::NoContent())
}
