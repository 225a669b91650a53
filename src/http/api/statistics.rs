//! Numbers about the node as a whole.

use actix_web::Responder;
use actix_web::web::{self, ServiceConfig};

use super::shapes::statistics::Statistics;
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/server/stats", web::get().to(get));
}

/// Tells the numbers; they are counted every ten minutes at most.
#[utoipa::path(
    get,
    path = "/api/v1/server/stats",
    tag = "Stats",
    responses((status = 200, body = Statistics))
)]
pub(crate) async fn get(app: web::Data<App>) -> Result<impl Responder, Problem> {
    let counted = app.statistics.get(&app.service).await?;
    Ok(web::Json(Statistics::from(counted)))
}
