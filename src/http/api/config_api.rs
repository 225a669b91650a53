//! What apps ask first: what this server is, and what it can do.

use actix_web::Responder;
use actix_web::web::{self, ServiceConfig};

use super::shapes::config::{about, server_config};
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/config", web::get().to(get)).route("/config/about", web::get().to(get_about));
}

/// Tells what this server can do.
#[utoipa::path(
    get,
    path = "/api/v1/config",
    tag = "Config",
    responses((status = 200, description = "PeerTube's ServerConfig"))
)]
pub(crate) async fn get(app: web::Data<App>) -> impl Responder {
    web::Json(server_config(&app))
}

/// Tells what this server is.
#[utoipa::path(
    get,
    path = "/api/v1/config/about",
    tag = "Config",
    responses((status = 200, description = "PeerTube's ServerConfigAbout"))
)]
pub(crate) async fn get_about(app: web::Data<App>) -> impl Responder {
    web::Json(about(&app))
}
