//! Whether somebody or a server is blocked: what apps ask before they show words of others.

use std::collections::BTreeMap;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, Responder};
use kinora_model::host::Host;
use serde::Serialize;
use utoipa::ToSchema;

use super::lists::Asked;
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/blocklist/status", web::get().to(status));
}

/// What is blocked of what was asked about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlockStatus)]
pub(crate) struct Status {
    /// By handle, as it was asked.
    accounts: BTreeMap<String, Blocked>,
    /// By host, as it was asked.
    hosts: BTreeMap<String, Blocked>,
}

/// Who blocks it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Blocked)]
pub(crate) struct Blocked {
    /// True if a rule of this server blocks its domain.
    blocked_by_server: bool,
    /// True if the asker does: nobody can on their own yet.
    blocked_by_user: bool,
}

/// Tells whether accounts and servers are blocked.
#[utoipa::path(
    get,
    path = "/api/v1/blocklist/status",
    tag = "Account Blocklist",
    params(("accounts" = Option<Vec<String>>, Query), ("hosts" = Option<Vec<String>>, Query)),
    responses((status = 200, body = Status), (status = 400))
)]
pub(crate) async fn status(
    app: web::Data<App>,
    request: HttpRequest,
) -> Result<impl Responder, Problem> {
    let asked = Asked::of(&request)?;
    let blocked = |host: Option<Host>| Blocked {
        blocked_by_server: host.is_some_and(|host| app.service.domains.blocks(&host)),
        blocked_by_user: false,
    };
    // Who is named without a server lives here.
    let of_account = |handle: &str| {
        let host = handle.trim_start_matches('@').split_once('@').map(|(_, host)| host);
        blocked(host.and_then(Host::parse))
    };
    let (accounts, hosts) = (asked.many("accounts")?, asked.many("hosts")?);
    Ok(web::Json(Status {
        accounts: accounts
            .into_iter()
            .map(|it| {
                let told = of_account(&it);
                (it, told)
            })
            .collect(),
        hosts: hosts
            .into_iter()
            .map(|it| {
                let told = blocked(Host::parse(&it));
                (it, told)
            })
            .collect(),
    }))
}
