//! Subscriptions: the channels that the asker follows, here and elsewhere.

use std::collections::BTreeMap;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_service::listing::Filter;
use kinora_service::{follows, subscriptions};
use serde::Deserialize;
use utoipa::ToSchema;

use super::lists::{Asked, list as list_videos};
use super::shapes::actor;
use super::shapes::video::Video;
use super::{channels, federation, followers};
use crate::auth::SignedIn;
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// What is said of a channel that the asker does not follow.
const MISSING: &str = "Subscription not found";

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/users/me/subscriptions")
                .route(web::get().to(list))
                .route(web::post().to(subscribe)),
        )
        .route("/users/me/subscriptions/exist", web::get().to(exist))
        .route("/users/me/subscriptions/videos", web::get().to(videos))
        .service(
            web::resource("/users/me/subscriptions/{handle}")
                .route(web::get().to(get))
                .route(web::delete().to(unsubscribe)),
        );
}

/// Lists the channels that the asker follows, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/subscriptions",
    tag = "My Subscriptions",
    security(("oauth2" = [])),
    params(
        ("start" = Option<u64>, Query), ("count" = Option<u64>, Query), ("sort" = Option<String>, Query),
        ("search" = Option<String>, Query)
    ),
    responses((status = 200, body = List<actor::Channel>), (status = 401))
)]
pub(crate) async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let mut all = subscriptions::list(&app.service, &who.0).await?;
    let asked = Asked::of(&request)?;
    if let Some(search) = asked.one("search").map(str::to_lowercase) {
        all.retain(|channel| {
            channel.name.as_str().to_lowercase().contains(&search)
                || channel.display_name.as_str().to_lowercase().contains(&search)
        });
    }
    if !page.order(&["createdAt", "id", "channelUpdatedAt"])?.descending {
        all.reverse();
    }
    let List { total, data } = page.cut(all);
    Ok(web::Json(List { total, data: shown(&app, &data).await? }))
}

/// Channels with those who own them, and how many follow them.
async fn shown(app: &App, channels: &[Channel]) -> Result<Vec<actor::Channel>, Problem> {
    let keys: Vec<_> = channels.iter().map(|channel| channel.account.to_key().to_vec()).collect();
    let owners = app.service.store.get_many::<kinora_model::account::Account>(&keys).await?;
    let show = |(channel, owner): (&Channel, &Option<kinora_store::Stored<_>>)| {
        actor::Channel::of(&app.config, channel, owner.as_deref())
    };
    let mut shown: Vec<_> = channels.iter().zip(&owners).map(show).collect();
    followers::count_channels(app, &mut shown).await?;
    Ok(shown)
}

/// Which channel is to be followed.
#[derive(Deserialize, ToSchema)]
#[schema(as = SubscriptionCreate)]
pub(crate) struct Subscribe {
    /// Its handle, `name@host`.
    uri: String,
}

/// Follows a channel; one elsewhere is looked up where it lives, and followed once its server agrees.
#[utoipa::path(
    post,
    path = "/api/v1/users/me/subscriptions",
    tag = "My Subscriptions",
    security(("oauth2" = [])),
    request_body = Subscribe,
    responses((status = 204), (status = 403), (status = 404), (status = 409))
)]
pub(crate) async fn subscribe(
    app: web::Data<App>,
    who: SignedIn,
    wanted: web::Json<Subscribe>,
) -> Result<impl Responder, Problem> {
    let actor = federation::actor_of(&app, &wanted.uri).await?;
    follows::follow(&app.service, &who.0, actor).await?;
    Ok(HttpResponse::NoContent())
}

/// Says which of some handles (`uris`) the asker follows.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/subscriptions/exist",
    tag = "My Subscriptions",
    security(("oauth2" = [])),
    params(("uris" = Vec<String>, Query)),
    responses((status = 200, body = BTreeMap<String, bool>), (status = 400), (status = 401))
)]
pub(crate) async fn exist(
    app: web::Data<App>,
    request: HttpRequest,
    who: SignedIn,
) -> Result<impl Responder, Problem> {
    let mut exist = BTreeMap::new();
    for uri in Asked::of(&request)?.many("uris")? {
        let followed = match channels::existing(&app, &uri).await {
            Ok(channel) => subscriptions::has(&app.service, &who.0, channel.id).await?,
            Err(problem) if problem.status() == 404 => false,
            Err(problem) => return Err(problem),
        };
        exist.insert(uri, followed);
    }
    Ok(web::Json(exist))
}

/// Lists the videos of the channels that the asker follows. PeerTube's filters of lists hold here too.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/subscriptions/videos",
    tag = "My Subscriptions",
    security(("oauth2" = [])),
    params(
        ("start" = Option<u64>, Query), ("count" = Option<u64>, Query), ("sort" = Option<String>, Query),
        ("isLocal" = Option<bool>, Query)
    ),
    responses((status = 200, body = List<Video>), (status = 401))
)]
pub(crate) async fn videos(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
    who: SignedIn,
) -> Result<HttpResponse, Problem> {
    let channels = subscriptions::ids(&app.service, &who.0).await?;
    let filter = Filter { nothing: channels.is_empty(), channels, ..Filter::listed() };
    list_videos(&app, &request, &page, Some(&who.0), filter).await
}

/// Tells of a channel that the asker follows.
#[utoipa::path(
    get,
    path = "/api/v1/users/me/subscriptions/{handle}",
    tag = "My Subscriptions",
    security(("oauth2" = [])),
    responses((status = 200, body = actor::Channel), (status = 404))
)]
pub(crate) async fn get(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let channel = channels::existing(&app, &path).await?;
    if !subscriptions::has(&app.service, &who.0, channel.id).await? {
        return Err(Problem::not_found(MISSING));
    }
    let mut shown = shown(&app, &[channel]).await?;
    shown.pop().map(web::Json).ok_or_else(|| Problem::not_found(MISSING))
}

/// Follows a channel no longer.
#[utoipa::path(
    delete,
    path = "/api/v1/users/me/subscriptions/{handle}",
    tag = "My Subscriptions",
    security(("oauth2" = [])),
    responses((status = 204), (status = 404))
)]
pub(crate) async fn unsubscribe(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let channel = channels::existing(&app, &path).await?;
    follows::unfollow(&app.service, &who.0, ActorRef::Channel(channel.id)).await?;
    Ok(HttpResponse::NoContent())
}
