//! Agreements with other servers about copies of each other's videos, and how they go.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kinora_model::channel::Channel;
use kinora_model::host::Host;
use kinora_model::mirror::{Keeping, Pact, Replica, ReplicaState};
use kinora_model::video::Video;
use kinora_service::{pacts, replicas};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::channels;
use crate::auth::Administrator;
use crate::problem::Problem;
use crate::server::App;

/// Copies that one list shows, the latest first.
const SHOWN_MAX: usize = 200;

/// Adds the routes.
pub(crate) fn kinora_routes(config: &mut ServiceConfig) {
    config
        .route("/mirrors", web::get().to(list))
        .service(
            web::resource("/mirrors/{host}").route(web::put().to(set)).route(web::delete().to(end)),
        )
        .route("/mirrors/{host}/videos", web::get().to(videos));
}

/// An agreement, and what it takes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MirrorAgreement)]
pub(crate) struct Agreement {
    /// With which server.
    host: String,
    /// Whether that server may keep copies of our videos.
    may_keep: bool,
    /// What this node keeps of theirs.
    keeps: Option<Kept>,
    /// When it was last changed.
    updated_at: String,
}

/// What this node keeps of another server's videos.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MirrorKept)]
pub(crate) struct Kept {
    /// How much disk it may take, in bytes.
    quota_bytes: u64,
    /// How much it takes, in bytes.
    used_bytes: u64,
    /// How fast copies are fetched, in bytes a second.
    bytes_per_second: Option<u64>,
    /// Of which channels, as handles; empty for all.
    channels: Vec<String>,
    /// How many copies are whole.
    whole: usize,
    /// How many are on their way.
    waiting: usize,
    /// How many cannot be kept.
    failed: usize,
}

async fn handles(app: &App, keeping: &Keeping) -> Result<Vec<String>, Problem> {
    let keys: Vec<_> = keeping.channels.iter().map(|id| id.to_key().to_vec()).collect();
    let rows = app.service.store.get_many::<Channel>(&keys).await?;
    let handle = |row: &Channel| match &row.origin {
        Some(origin) => format!("{}@{}", row.name, origin.host),
        None => row.name.to_string(),
    };
    Ok(rows.iter().flatten().map(|row| handle(row)).collect())
}

async fn show(app: &App, pact: &Pact) -> Result<Agreement, Problem> {
    let keeps = match &pact.keeps {
        None => None,
        Some(keeping) => {
            let copies = replicas::of_host(&app.service, &pact.host).await?;
            let count = |holds: fn(&ReplicaState) -> bool| {
                copies.iter().filter(|it| holds(&it.state)).count()
            };
            Some(Kept {
                quota_bytes: keeping.quota_bytes,
                used_bytes: copies.iter().map(|it| it.bytes).sum(),
                bytes_per_second: keeping.bytes_per_s,
                channels: handles(app, keeping).await?,
                whole: count(|it| *it == ReplicaState::Whole),
                waiting: count(|it| *it == ReplicaState::Waiting),
                failed: count(|it| matches!(it, ReplicaState::Failed(_))),
            })
        }
    };
    Ok(Agreement {
        host: pact.host.to_string(),
        may_keep: pact.may_keep,
        keeps,
        updated_at: pact.updated_at.to_string(),
    })
}

/// Lists the agreements, by server.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/mirrors",
    tag = "Mirrors",
    security(("oauth2" = [])),
    responses((status = 200, body = Vec<Agreement>), (status = 403))
)]
pub(crate) async fn list(
    app: web::Data<App>,
    _who: Administrator,
) -> Result<impl Responder, Problem> {
    let mut shown = Vec::new();
    for pact in pacts::list(&app.service).await? {
        shown.push(show(&app, &pact).await?);
    }
    Ok(web::Json(shown))
}

/// What is agreed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MirrorAgreementUpdate)]
pub(crate) struct Wanted {
    /// Whether that server may keep copies of our videos.
    #[serde(default)]
    may_keep: bool,
    /// What this node keeps of theirs; nothing if it is left out.
    keeps: Option<WantedKeeping>,
}

/// What this node is to keep.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MirrorKeeping)]
pub(crate) struct WantedKeeping {
    /// How much disk it may take, in bytes.
    quota_bytes: u64,
    /// How fast copies are fetched, in bytes a second.
    bytes_per_second: Option<u64>,
    /// Of which channels, as handles; all if it is left out or empty.
    #[serde(default)]
    channels: Vec<String>,
}

fn host(text: &str) -> Result<Host, Problem> {
    Host::parse(text).ok_or_else(|| Problem::not_found("Server not found"))
}

/// Agrees with a server about copies, or changes what was agreed.
#[utoipa::path(
    put,
    path = "/api/kinora/v1/mirrors/{host}",
    tag = "Mirrors",
    security(("oauth2" = [])),
    request_body = Wanted,
    responses((status = 200, body = Agreement), (status = 400), (status = 403), (status = 404), (status = 409))
)]
pub(crate) async fn set(
    app: web::Data<App>,
    who: Administrator,
    path: web::Path<String>,
    wanted: web::Json<Wanted>,
) -> Result<impl Responder, Problem> {
    let host = host(&path)?;
    if host == *app.federation.addresses.host() {
        return Err(Problem::invalid("host", "Should be another server"));
    }
    let keeps = match &wanted.keeps {
        None => None,
        Some(keeps) => {
            let mut ids = Vec::with_capacity(keeps.channels.len().min(pacts::CHANNELS_MAX));
            for handle in keeps.channels.iter().take(pacts::CHANNELS_MAX.saturating_add(1)) {
                let channel = channels::existing(&app, handle).await?;
                if channel.origin.as_ref().map(|origin| &origin.host) != Some(&host) {
                    return Err(Problem::invalid("channels", "Should be channels of that server"));
                }
                ids.push(channel.id);
            }
            Some(Keeping {
                quota_bytes: keeps.quota_bytes,
                bytes_per_s: keeps.bytes_per_second.filter(|rate| *rate > 0),
                channels: ids,
            })
        }
    };
    let pact = pacts::set(&app.service, &who.0, &host, wanted.may_keep, keeps).await?;
    Ok(web::Json(show(&app, &pact).await?))
}

/// Ends an agreement: copies that were kept because of it are let go.
#[utoipa::path(
    delete,
    path = "/api/kinora/v1/mirrors/{host}",
    tag = "Mirrors",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn end(
    app: web::Data<App>,
    who: Administrator,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    pacts::end(&app.service, &who.0, &host(&path)?).await?;
    Ok(HttpResponse::NoContent())
}

/// A copy that this node keeps, or fetches.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MirrorCopy)]
pub(crate) struct Copied {
    /// The uuid of the video.
    uuid: String,
    /// Its title.
    name: String,
    /// `waiting`, `whole` or `failed`.
    state: &'static str,
    /// Why it cannot be kept.
    reason: Option<String>,
    /// How much of it is here, in bytes.
    bytes: u64,
    /// How much there will be, in bytes, as its server says.
    bytes_wanted: u64,
    /// When it last changed.
    updated_at: String,
}

impl Copied {
    fn of(replica: &Replica, video: &Video) -> Self {
        let (state, reason) = match &replica.state {
            ReplicaState::Waiting => ("waiting", None),
            ReplicaState::Whole => ("whole", None),
            ReplicaState::Failed(reason) => ("failed", Some(reason.clone())),
        };
        Self {
            uuid: video.uuid.to_string(),
            name: video.words.title.to_string(),
            state,
            reason,
            bytes: replica.bytes,
            bytes_wanted: replica.bytes_wanted,
            updated_at: replica.updated_at.to_string(),
        }
    }
}

/// Lists the copies of a server's videos, the latest first.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/mirrors/{host}/videos",
    tag = "Mirrors",
    security(("oauth2" = [])),
    responses((status = 200, body = Vec<Copied>), (status = 403), (status = 404))
)]
pub(crate) async fn videos(
    app: web::Data<App>,
    _who: Administrator,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let mut copies = replicas::of_host(&app.service, &host(&path)?).await?;
    copies.sort_by_key(|it| std::cmp::Reverse((it.updated_at, it.video)));
    copies.truncate(SHOWN_MAX);
    let keys: Vec<_> = copies.iter().map(|it| it.video.to_key().to_vec()).collect();
    let rows = app.service.store.get_many::<Video>(&keys).await?;
    let both = copies.iter().zip(rows);
    let shown = both.filter_map(|(replica, video)| video.map(|video| Copied::of(replica, &video)));
    Ok(web::Json(shown.collect::<Vec<_>>()))
}
