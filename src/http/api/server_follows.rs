//! Whom this server follows, and who follows it.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_model::actor::ActorRef;
use kinora_model::follow::FollowState;
use kinora_model::host::Host;
use kinora_service::follows;
use serde::Deserialize;
use utoipa::ToSchema;

use super::lists::Asked;
use super::shapes::follow::Follow;
use super::{federation, followers};
use crate::auth::Administrator;
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// The most servers and handles that one request follows.
const TOGETHER_MAX: usize = 50;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/server/followers", web::get().to(list_followers))
        .route("/server/followers/{handle}/accept", web::post().to(accept))
        .route("/server/followers/{handle}/reject", web::post().to(reject))
        .service(
            web::resource("/server/following")
                .route(web::get().to(list_following))
                .route(web::post().to(follow)),
        )
        .route("/server/following/{handle}", web::delete().to(unfollow));
}

fn state(asked: &Asked) -> Result<Option<FollowState>, Problem> {
    match asked.one("state") {
        None => Ok(None),
        Some("pending") => Ok(Some(FollowState::Pending)),
        Some("accepted") => Ok(Some(FollowState::Accepted)),
        Some("rejected") => Ok(Some(FollowState::Rejected)),
        Some(_) => Err(Problem::invalid("state", "Should be pending, accepted or rejected")),
    }
}

/// Lists who follows this server, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/server/followers",
    tag = "Instance Follows",
    params(("state" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = List<Follow>))
)]
pub(crate) async fn list_followers(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
) -> Result<impl Responder, Problem> {
    let asked = Asked::of(&request)?;
    let wanted = state(&asked)?;
    let mut rows = follows::followers(&app.service, ActorRef::HERE).await?;
    rows.retain(|row| wanted.is_none_or(|state| state == row.state));
    let search = asked.one("search");
    Ok(web::Json(followers::listed(&app, rows, &page, search, |it| &it.follower).await?))
}

/// Lists whom this server follows, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/server/following",
    tag = "Instance Follows",
    params(("state" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = List<Follow>))
)]
pub(crate) async fn list_following(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
) -> Result<impl Responder, Problem> {
    let asked = Asked::of(&request)?;
    let wanted = state(&asked)?;
    let mut rows = follows::following(&app.service, ActorRef::HERE).await?;
    rows.retain(|row| wanted.is_none_or(|state| state == row.state));
    let search = asked.one("search");
    Ok(web::Json(followers::listed(&app, rows, &page, search, |it| &it.following).await?))
}

/// Whom this server is to follow.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ServerFollowing)]
pub(crate) struct Wanted {
    /// Servers.
    hosts: Vec<String>,
    /// Channels and accounts, `name@host`.
    handles: Vec<String>,
}

/// Has this server follow others: their public videos are shown here.
#[utoipa::path(
    post,
    path = "/api/v1/server/following",
    tag = "Instance Follows",
    security(("oauth2" = [])),
    request_body = Wanted,
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn follow(
    app: web::Data<App>,
    who: Administrator,
    wanted: web::Json<Wanted>,
) -> Result<impl Responder, Problem> {
    if wanted.hosts.len().saturating_add(wanted.handles.len()) > TOGETHER_MAX {
        return Err(Problem::invalid("hosts", format!("Should be at most {TOGETHER_MAX}")));
    }
    for host in &wanted.hosts {
        let host = Host::parse(host).ok_or_else(|| Problem::invalid("hosts", "Should be hosts"))?;
        let server = app.federation.server(&host).await?;
        follows::follow_as_instance(&app.service, &who.0, server).await?;
    }
    for handle in &wanted.handles {
        let actor = federation::actor_of(&app, handle).await?;
        follows::follow_as_instance(&app.service, &who.0, actor).await?;
    }
    Ok(HttpResponse::NoContent())
}

/// The other end of a follow of this server: a host, or a handle.
async fn other(app: &App, handle: &str) -> Result<ActorRef, Problem> {
    match handle.strip_prefix("peertube@").unwrap_or(handle) {
        host if !host.contains('@') => {
            let missing = || Problem::not_found("Server not found");
            let host = Host::parse(host).ok_or_else(missing)?;
            Ok(app.federation.server(&host).await?)
        }
        handle => federation::actor_of(app, handle).await,
    }
}

/// Has this server follow somebody no longer.
#[utoipa::path(
    delete,
    path = "/api/v1/server/following/{handle}",
    tag = "Instance Follows",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn unfollow(
    app: web::Data<App>,
    who: Administrator,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let followed = other(&app, &path).await?;
    follows::unfollow_as_instance(&app.service, &who.0, followed).await?;
    Ok(HttpResponse::NoContent())
}

/// Lets somebody follow this server.
#[utoipa::path(
    post,
    path = "/api/v1/server/followers/{handle}/accept",
    tag = "Instance Follows",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn accept(
    app: web::Data<App>,
    who: Administrator,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let follower = other(&app, &path).await?;
    follows::answer(&app.service, &who.0, follower, true).await?;
    Ok(HttpResponse::NoContent())
}

/// Does not let somebody follow this server.
#[utoipa::path(
    post,
    path = "/api/v1/server/followers/{handle}/reject",
    tag = "Instance Follows",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn reject(
    app: web::Data<App>,
    who: Administrator,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let follower = other(&app, &path).await?;
    follows::answer(&app.service, &who.0, follower, false).await?;
    Ok(HttpResponse::NoContent())
}
