//! How deliveries to other servers go.

use std::collections::BTreeMap;

use actix_web::Responder;
use actix_web::web::{self, ServiceConfig};
use kinora_model::delivery::HostTrouble;
use kinora_model::host::Host;
use kinora_model::instance::Instance;
use kinora_store::tables::delivery::deliveries_to;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Administrator;
use crate::problem::Problem;
use crate::server::App;

/// How many servers are told of, those in trouble first.
const HOSTS_MAX: usize = 500;

/// Adds the routes.
pub(crate) fn kinora_routes(config: &mut ServiceConfig) {
    config.route("/federation/hosts", web::get().to(list));
}

/// How deliveries to a server go.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = HostState)]
pub(crate) struct State {
    /// The server.
    host: String,
    /// What it says it runs, lower case.
    software: Option<String>,
    /// How many activities wait to be sent to it.
    waiting: usize,
    /// Since when nothing reached it; `null` while all goes well.
    failing_since: Option<String>,
    /// True once it is only probed, once a day.
    asleep: bool,
}

/// Lists servers and how many deliveries wait for each, by host.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/federation/hosts",
    tag = "Federation",
    security(("oauth2" = [])),
    responses((status = 200, body = Vec<State>), (status = 403))
)]
pub(crate) async fn list(
    app: web::Data<App>,
    _who: Administrator,
) -> Result<impl Responder, Problem> {
    let store = &app.service.store;
    let mut hosts: BTreeMap<Host, State> = BTreeMap::new();
    for row in store.list::<HostTrouble>(&[], HOSTS_MAX).await? {
        let state = State {
            failing_since: Some(row.failing_since.to_string()),
            asleep: row.asleep,
            ..State::default()
        };
        hosts.insert(row.host.clone(), state);
    }
    for row in store.list::<Instance>(&[], HOSTS_MAX).await? {
        if hosts.len() >= HOSTS_MAX && !hosts.contains_key(&row.host) {
            continue;
        }
        hosts.entry(row.host.clone()).or_default().software.clone_from(&row.software);
    }
    let mut states = Vec::with_capacity(hosts.len());
    for (host, state) in hosts {
        let waiting = store.count(&deliveries_to(&host)).await?;
        states.push(State { host: host.to_string(), waiting, ..state });
    }
    Ok(web::Json(states))
}
