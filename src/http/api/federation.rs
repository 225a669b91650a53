//! What is Kinora's alone about other servers: finding things where they live, and sending people home to act there.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_federation::resolve::{Found, Intent};
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::job::Job;
use kinora_model::video::{Video, short_uuid};
use kinora_service::limits::Action;
use kinora_service::listing::Filter;
use kinora_store::Batch;
use serde_json::json;

use super::lists::Asked;
use super::{accounts, channels};
use crate::address::ClientAddress;
use crate::auth::{MaybeSignedIn, SignedIn};
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/resolve", web::get().to(resolve))
        .route("/interact", web::get().to(interact))
        .service(
            web::resource("/channels/{handle}/backfill")
                .route(web::get().to(backfill))
                .route(web::post().to(fetch_more)),
        );
}

/// Finds what an address or a handle names, asking the server where it lives if need be.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/resolve",
    tag = "Federation",
    params(("uri" = String, Query)),
    responses((status = 200), (status = 404), (status = 429))
)]
pub(crate) async fn resolve(
    app: web::Data<App>,
    request: HttpRequest,
    address: ClientAddress,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let asked = Asked::of(&request)?;
    let text = asked.one("uri").ok_or_else(|| Problem::invalid("uri", "Should be an address"))?;
    // Strangers cannot make this server ask around as they like.
    if who.0.is_none() {
        app.limits.count(Action::AskElsewhere, address.0)?;
    }
    let found = app.federation.resolve(text).await?;
    let (kind, path) = match found {
        Found::Video(id) => ("video", watch_path(&app, id).await?),
        Found::Comment(comment, video) => {
            ("comment", format!("{}#comment-{comment}", watch_path(&app, video).await?))
        }
        Found::Account(id) => {
            let row = app.service.store.get::<Account>(&id.to_key()).await?;
            let row = row.ok_or_else(|| Problem::not_found("Account not found"))?;
            let host = row.origin.as_ref().map(|it| format!("@{}", it.host));
            ("account", format!("/a/{}{}", row.name, host.unwrap_or_default()))
        }
        Found::Channel(id) => {
            let row = app.service.store.get::<Channel>(&id.to_key()).await?;
            let row = row.ok_or_else(|| Problem::not_found("Video channel not found"))?;
            let host = row.origin.as_ref().map(|it| format!("@{}", it.host));
            ("channel", format!("/c/{}{}", row.name, host.unwrap_or_default()))
        }
        Found::Instance => return Err(Problem::not_found("This is a server, not a page of one")),
    };
    Ok(web::Json(json!({ "kind": kind, "path": path })))
}

async fn watch_path(app: &App, id: kinora_model::id::Id<Video>) -> Result<String, Problem> {
    let row = app.service.store.get::<Video>(&id.to_key()).await?;
    let row = row.ok_or_else(|| Problem::not_found("Video not found"))?;
    Ok(format!("/w/{}", short_uuid(row.uuid)))
}

/// Says where somebody with an account elsewhere goes to follow, like, spread or answer something here.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/interact",
    tag = "Federation",
    params(("handle" = String, Query), ("uri" = String, Query), ("intent" = Option<String>, Query)),
    responses((status = 200), (status = 400), (status = 404), (status = 429))
)]
pub(crate) async fn interact(
    app: web::Data<App>,
    request: HttpRequest,
    address: ClientAddress,
) -> Result<impl Responder, Problem> {
    app.limits.count(Action::AskElsewhere, address.0)?;
    let asked = Asked::of(&request)?;
    let needed = |name: &'static str| {
        asked.one(name).ok_or_else(|| Problem::invalid(name, "Should not be empty"))
    };
    let intent = match asked.one("intent") {
        Some("follow") => Intent::Follow,
        Some("like") => Intent::Like,
        Some("announce") => Intent::Announce,
        Some("reply") => Intent::Reply,
        None => Intent::Object,
        Some(_) => {
            return Err(Problem::invalid("intent", "Should be follow, like, announce or reply"));
        }
    };
    let uri = needed("uri")?.parse();
    let uri = uri.map_err(|_unreadable| Problem::invalid("uri", "Should be an address"))?;
    let url = app.federation.interact(needed("handle")?, &uri, intent).await?;
    Ok(web::Json(json!({ "url": url })))
}

/// Says how many videos of a channel elsewhere are known here, and how many there are.
#[utoipa::path(
    get,
    path = "/api/kinora/v1/channels/{handle}/backfill",
    tag = "Federation",
    responses((status = 200), (status = 404))
)]
pub(crate) async fn backfill(
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let channel = channels::existing(&app, &path).await?;
    let filter = Filter { channels: vec![channel.id], ..Filter::listed() };
    let known = app.service.listing.count(&app.service, &filter).await?;
    let total = match &channel.origin {
        Some(origin) => origin.videos,
        None => Some(known),
    };
    let running = app.service.queue.count(kinora_model::job::Lane::Crawl).await?;
    let running =
        running.due.saturating_add(running.later) > 0 && total.is_none_or(|it| it > known);
    Ok(web::Json(json!({ "known": known, "total": total, "running": running })))
}

/// Reads more of what a channel elsewhere published before it was followed.
#[utoipa::path(
    post,
    path = "/api/kinora/v1/channels/{handle}/backfill",
    tag = "Federation",
    security(("oauth2" = [])),
    responses((status = 202), (status = 401), (status = 404))
)]
pub(crate) async fn fetch_more(
    app: web::Data<App>,
    path: web::Path<String>,
    _who: SignedIn,
) -> Result<impl Responder, Problem> {
    let channel = channels::existing(&app, &path).await?;
    if channel.origin.is_some() {
        let job = Job::Backfill { actor: ActorRef::Channel(channel.id), page: None, pages: 0 };
        let mut batch = Batch::default();
        app.service.queue.enqueue(&mut batch, &job)?;
        app.service.store.commit(batch).await?;
    }
    Ok(HttpResponse::Accepted())
}

/// The actor of a handle: known here, or looked up where it lives.
///
/// # Errors
/// 404 if there is none; what asking its server says.
pub(crate) async fn actor_of(app: &App, handle: &str) -> Result<ActorRef, Problem> {
    let handle = handle.trim_start_matches('@');
    if let Ok(channel) = channels::existing(app, handle).await {
        return Ok(ActorRef::Channel(channel.id));
    }
    if let Ok(account) = accounts::existing(app, handle).await {
        return Ok(ActorRef::Account(account.id));
    }
    match app.federation.resolve(handle).await? {
        Found::Channel(id) => Ok(ActorRef::Channel(id)),
        Found::Account(id) => Ok(ActorRef::Account(id)),
        _ => Err(Problem::not_found("Video channel not found")),
    }
}

/// Looks up what is searched for if it is an address or a handle; `None` if it is words, or nothing is there.
///
/// # Errors
/// 429 if whoever asks has this server ask others too often.
pub(crate) async fn looked_up(
    app: &App,
    address: ClientAddress,
    text: &str,
) -> Result<Option<Found>, Problem> {
    let text = text.trim();
    let named = text.starts_with("http://")
        || text.starts_with("https://")
        || (text.contains('@') && !text.contains(char::is_whitespace));
    if !named {
        return Ok(None);
    }
    app.limits.count(Action::AskElsewhere, address.0)?;
    match app.federation.resolve(text).await {
        Ok(found) => Ok(Some(found)),
        Err(error) => {
            tracing::debug!(%error, "what was searched for was not found");
            Ok(None)
        }
    }
}
