//! What those who watch the node ask: is it alive, and how is it doing.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};

use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/healthz", web::get().to(alive)).route("/metrics", web::get().to(metrics));
}

/// 200 if the store can be read.
async fn alive(app: web::Data<App>) -> Result<impl Responder, Problem> {
    app.service.store.kv().get(b"\0").await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n"))
}

/// All that is counted, as OpenMetrics text.
async fn metrics(app: web::Data<App>) -> Result<impl Responder, Problem> {
    let mut text = String::new();
    let written = prometheus_client::encoding::text::encode(&mut text, &app.registry);
    if let Err(error) = written {
        tracing::error!(%error, "metrics cannot be written");
        return Err(Problem::internal());
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(HttpResponse::Ok().content_type(kind).body(text))
}
