//! Channels: where accounts publish.

use std::collections::HashMap;

use actix_multipart::Multipart;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_service::channels::{self, Change, NewChannel};
use kinora_service::pictures::{self, Kind, NewPicture};
use kinora_service::{Viewer, names};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::{handle, name, needed, nullable, own_handle, text, text_if};
use super::shapes::actor::{self, Avatars, Banners, Image};
use super::shapes::follow::Follow;
use super::shapes::user::Numbered;
use super::{followers, picked};
use crate::auth::SignedIn;
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// What is said of a channel that is not there.
const MISSING: &str = "Video channel not found";

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/video-channels")
                .route(web::get().to(list))
                .route(web::post().to(create)),
        )
        .service(
            web::resource("/video-channels/{handle}")
                .route(web::get().to(get))
                .route(web::put().to(update))
                .route(web::delete().to(delete)),
        )
        .route("/video-channels/{handle}/avatar/pick", web::post().to(pick_avatar))
        .route("/video-channels/{handle}/avatar", web::delete().to(delete_avatar))
        .route("/video-channels/{handle}/banner/pick", web::post().to(pick_banner))
        .route("/video-channels/{handle}/banner", web::delete().to(delete_banner))
        .route("/video-channels/{handle}/followers", web::get().to(followers))
        .route("/video-channels/{handle}/video-playlists", web::get().to(playlists));
}

/// The fields that channels are sorted by.
const SORTS: &[&str] = &["createdAt", "id", "name", "updatedAt"];

/// Sorts channels, which come oldest first.
pub(super) fn sort(channels: &mut [Channel], page: &Page) -> Result<(), Problem> {
    let sort = page.order(SORTS)?;
    match sort.field {
        "name" => channels.sort_by(|a, b| a.name.cmp(&b.name)),
        "updatedAt" => channels.sort_by_key(|channel| channel.updated_at),
        _ => {}
    }
    if sort.descending {
        channels.reverse();
    }
    Ok(())
}

/// Lists all channels of the node.
#[utoipa::path(
    get,
    path = "/api/v1/video-channels",
    tag = "Video Channels",
    responses((status = 200, body = List<actor::Channel>))
)]
pub(crate) async fn list(app: web::Data<App>, page: Page) -> Result<impl Responder, Problem> {
    let mut all = channels::all(&app.service).await?;
    sort(&mut all, &page)?;
    let List { total, data } = page.cut(all);
    let mut owners: HashMap<_, Account> = HashMap::new();
    for channel in &data {
        if !owners.contains_key(&channel.account)
            && let Some(owner) = app.service.store.get::<Account>(&channel.account.to_key()).await?
        {
            owners.insert(channel.account, owner.into_row());
        }
    }
    let show =
        |channel: &Channel| actor::Channel::of(&app.config, channel, owners.get(&channel.account));
    let mut data: Vec<_> = data.iter().map(show).collect();
    followers::count_channels(&app, &mut data).await?;
    Ok(web::Json(List { total, data }))
}

/// Tells of one channel.
#[utoipa::path(
    get,
    path = "/api/v1/video-channels/{handle}",
    tag = "Video Channels",
    responses((status = 200, body = actor::Channel), (status = 404))
)]
pub(crate) async fn get(
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let channel = existing(&app, &path).await?;
    let owner = app.service.store.get::<Account>(&channel.account.to_key()).await?;
    let mut shown = [actor::Channel::of(&app.config, &channel, owner.as_deref())];
    followers::count_channels(&app, &mut shown).await?;
    let [shown] = shown;
    Ok(web::Json(shown))
}

/// The channel of a handle in a path.
///
/// # Errors
/// 404 if there is none.
pub(crate) async fn existing(app: &App, path: &str) -> Result<Channel, Problem> {
    let (name, host) = handle(&app.config, path, MISSING)?;
    let found = match &host {
        None => names::channel(&app.service, &name).await?,
        Some(host) => names::remote_channel(&app.service, &name, host).await?,
    };
    Ok(found.into_row())
}

/// A channel that is to begin.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoChannelCreate)]
pub(crate) struct Create {
    name: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
    support: Option<String>,
}

/// What is said of a new channel.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoChannelCreated)]
pub(crate) struct Created {
    video_channel: Numbered,
}

/// Begins a channel.
#[utoipa::path(
    post,
    path = "/api/v1/video-channels",
    tag = "Video Channels",
    security(("oauth2" = [])),
    request_body = Create,
    responses((status = 200, body = Created), (status = 400), (status = 409))
)]
pub(crate) async fn create(
    app: web::Data<App>,
    who: SignedIn,
    create: web::Json<Create>,
) -> Result<impl Responder, Problem> {
    let create = create.into_inner();
    let new = NewChannel {
        name: name("name", &needed("name", create.name)?)?,
        display_name: text("displayName", &needed("displayName", create.display_name)?)?,
        description: text_if("description", create.description.as_deref())?,
        support: text_if("support", create.support.as_deref())?,
    };
    let channel = channels::create(&app.service, &who.0, &new).await?;
    Ok(web::Json(Created { video_channel: Numbered { id: channel.id.raw() } }))
}

/// What changes of a channel.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoChannelUpdate)]
pub(crate) struct Update {
    display_name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    support: Option<Option<String>>,
    /// Whether viewers of its videos may give them to each other.
    peers_enabled: Option<bool>,
}

/// Changes a channel.
#[utoipa::path(
    put,
    path = "/api/v1/video-channels/{handle}",
    tag = "Video Channels",
    security(("oauth2" = [])),
    request_body = Update,
    responses((status = 204), (status = 400), (status = 403), (status = 404))
)]
pub(crate) async fn update(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
    update: web::Json<Update>,
) -> Result<impl Responder, Problem> {
    let Update { display_name, description, support, peers_enabled } = update.into_inner();
    let change = Change {
        display_name: text_if("displayName", display_name.as_deref())?,
        description: text_if("description", description.map(Option::unwrap_or_default).as_deref())?,
        support: text_if("support", support.map(Option::unwrap_or_default).as_deref())?,
        peers: peers_enabled,
    };
    let name = own_handle(&app.config, &path, MISSING)?;
    channels::update(&app.service, &who.0, &name, &change).await?;
    Ok(HttpResponse::NoContent())
}

/// Removes a channel with all its videos.
#[utoipa::path(
    delete,
    path = "/api/v1/video-channels/{handle}",
    tag = "Video Channels",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404), (status = 409))
)]
pub(crate) async fn delete(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let name = own_handle(&app.config, &path, MISSING)?;
    channels::delete(&app.service, &who.0, &name).await?;
    Ok(HttpResponse::NoContent())
}

/// Sets the avatar (`avatarfile`).
#[utoipa::path(
    post,
    path = "/api/v1/video-channels/{handle}/avatar/pick",
    tag = "Video Channels",
    security(("oauth2" = [])),
    responses((status = 200, body = Avatars), (status = 400), (status = 403), (status = 413))
)]
pub(crate) async fn pick_avatar(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
    form: Multipart,
) -> Result<impl Responder, Problem> {
    expect_owner(&app, &who.0, &path).await?;
    let made = picked::avatar(&app, form).await?;
    let avatars = set(&app, &who.0, &path, Kind::Avatar, &made).await?;
    Ok(web::Json(Avatars { avatars: Image::avatars(&app.config, &avatars) }))
}

/// Sets the banner (`bannerfile`).
#[utoipa::path(
    post,
    path = "/api/v1/video-channels/{handle}/banner/pick",
    tag = "Video Channels",
    security(("oauth2" = [])),
    responses((status = 200, body = Banners), (status = 400), (status = 403), (status = 413))
)]
pub(crate) async fn pick_banner(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
    form: Multipart,
) -> Result<impl Responder, Problem> {
    expect_owner(&app, &who.0, &path).await?;
    let made = picked::banner(&app, form).await?;
    let banners = set(&app, &who.0, &path, Kind::Banner, &made).await?;
    Ok(web::Json(Banners { banners: Image::banners(&app.config, &banners) }))
}

/// Removes the avatar.
#[utoipa::path(
    delete,
    path = "/api/v1/video-channels/{handle}/avatar",
    tag = "Video Channels",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn delete_avatar(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    set(&app, &who.0, &path, Kind::Avatar, &[]).await?;
    Ok(HttpResponse::NoContent())
}

/// Removes the banner.
#[utoipa::path(
    delete,
    path = "/api/v1/video-channels/{handle}/banner",
    tag = "Video Channels",
    security(("oauth2" = [])),
    responses((status = 204), (status = 403), (status = 404))
)]
pub(crate) async fn delete_banner(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    set(&app, &who.0, &path, Kind::Banner, &[]).await?;
    Ok(HttpResponse::NoContent())
}

/// Refuses strangers before a picture of theirs is decoded.
async fn expect_owner(app: &App, who: &Viewer, path: &str) -> Result<(), Problem> {
    let name = own_handle(&app.config, path, MISSING)?;
    channels::editable(&app.service, who, &name).await?;
    Ok(())
}

async fn set(
    app: &App,
    who: &Viewer,
    path: &str,
    kind: Kind,
    made: &[NewPicture],
) -> Result<Vec<kinora_model::picture::Picture>, Problem> {
    let name = own_handle(&app.config, path, MISSING)?;
    Ok(pictures::set_of_channel(&app.service, who, &name, kind, made).await?)
}

/// Which followers are listed.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    search: Option<String>,
}

/// Lists who follows a channel. Only its owner may ask.
#[utoipa::path(
    get,
    path = "/api/v1/video-channels/{handle}/followers",
    tag = "Video Channels",
    security(("oauth2" = [])),
    params(
        ("start" = Option<u64>, Query), ("count" = Option<u64>, Query), ("sort" = Option<String>, Query),
        ("search" = Option<String>, Query)
    ),
    responses((status = 200, body = List<Follow>), (status = 401), (status = 403), (status = 404))
)]
pub(crate) async fn followers(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
    page: Page,
    wanted: web::Query<Wanted>,
) -> Result<impl Responder, Problem> {
    let name = own_handle(&app.config, &path, MISSING)?;
    let channel = channels::editable(&app.service, &who.0, &name).await?.id;
    followers::of_actor(&app, ActorRef::Channel(channel), &page, wanted.search.as_deref()).await
}

/// Playlists of a channel: there are none yet.
pub(crate) async fn playlists(
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    existing(&app, &path).await?;
    Ok(web::Json(List::<u64> { total: 0, data: Vec::new() }))
}
