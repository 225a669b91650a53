//! Rules for other servers, by domain.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kinora_model::instance::{DomainLevel, DomainRule};
use kinora_service::policy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::text_if;
use crate::auth::{Administrator, Moderator};
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn kinora_routes(config: &mut ServiceConfig) {
    config.route("/domains", web::get().to(list)).service(
        web::resource("/domains/{domain}")
            .route(web::put().to(put))
            .route(web::delete().to(delete)),
    );
}

/// A rule as it is shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DomainRule)]
pub(crate) struct Rule {
    /// The domain; all below it are meant too.
    domain: String,
    /// `allow`, `silence`, `reject-media` or `block`.
    level: &'static str,
    /// Why.
    reason: Option<String>,
    /// When it was made or last changed.
    updated_at: String,
}

const fn word(level: DomainLevel) -> &'static str {
    match level {
        DomainLevel::Allow => "allow",
        DomainLevel::Silence => "silence",
        DomainLevel::RejectMedia => "reject-media",
        DomainLevel::Block => "block",
    }
}

impl Rule {
    fn of(rule: &DomainRule) -> Self {
        Self {
            domain: rule.domain.clone(),
            level: word(rule.level),
            reason: rule.reason.clone(),
            updated_at: rule.updated_at.to_string(),
        }
    }
}

/// Lists the rules, by domain.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/domains",
    tag = "Domains",
    security(("oauth2" = [])),
    responses((status = 200, body = Vec<Rule>), (status = 403))
)]
pub(crate) async fn list(app: web::Data<App>, _who: Moderator) -> impl Responder {
    let mut rules: Vec<Rule> = app.service.domains.all().values().map(Rule::of).collect();
    rules.sort_by(|a, b| a.domain.cmp(&b.domain));
    web::Json(rules)
}

/// What a rule says.
#[derive(Deserialize, ToSchema)]
#[schema(as = DomainRuleUpdate)]
pub(crate) struct Wanted {
    /// `allow`, `silence`, `reject-media` or `block`.
    level: String,
    /// Why, for those who run this server.
    reason: Option<String>,
}

/// Says what may come from a domain and go to it.
#[utoipa::path(
    put,
    path = "/api/kinora/v1/domains/{domain}",
    tag = "Domains",
    security(("oauth2" = [])),
    request_body = Wanted,
    responses((status = 200), (status = 400), (status = 403))
)]
pub(crate) async fn put(
    app: web::Data<App>,
    who: Administrator,
    path: web::Path<String>,
    wanted: web::Json<Wanted>,
) -> Result<impl Responder, Problem> {
    let all =
        [DomainLevel::Allow, DomainLevel::Silence, DomainLevel::RejectMedia, DomainLevel::Block];
    let level = all.into_iter().find(|level| word(*level) == wanted.level);
    let level = level.ok_or_else(|| {
        Problem::invalid("level", "Should be allow, silence, reject-media or block")
    })?;
    let reason = text_if("reason", wanted.reason.as_deref())?;
    let changed = policy::set(&app.service, &who.0, &path, level, reason).await?;
    Ok(web::Json(serde_json::json!({
        "rule": Rule::of(&changed.rule),
        "severedFollows": changed.severed,
    })))
}

/// Removes a rule.
#[utoipa::path(
    delete,
    path = "/api/kinora/v1/domains/{domain}",
    tag = "Domains",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    who: Administrator,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    policy::remove(&app.service, &who.0, &path).await?;
    Ok(HttpResponse::NoContent())
}
