//! Accounts: people as others see them.

use actix_web::Responder;
use actix_web::web::{self, ServiceConfig};
use kinora_model::account::Account;
use kinora_model::actor::ActorRef;
use kinora_model::channel::Channel;
use kinora_model::reaction::Rating;
use kinora_service::{channels, names, reactions};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::handle;
use super::followers;
use super::shapes::actor;
use super::shapes::follow::Follow;
use super::shapes::video::Video;
use crate::auth::SignedIn;
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts", web::get().to(list))
        .route("/accounts/{name}", web::get().to(get))
        .route("/accounts/{name}/video-channels", web::get().to(video_channels))
        .route("/accounts/{name}/ratings", web::get().to(ratings))
        .route("/accounts/{name}/followers", web::get().to(followers))
        .route("/accounts/{name}/video-playlists", web::get().to(playlists));
}

/// Lists all accounts of the node.
#[utoipa::path(
    get,
    path = "/api/v1/accounts",
    tag = "Accounts",
    responses((status = 200, body = List<actor::Account>))
)]
pub(crate) async fn list(app: web::Data<App>, page: Page) -> Result<impl Responder, Problem> {
    let sort = page.order(&["createdAt", "id", "name"])?;
    let mut all = channels::accounts(&app.service).await?;
    if sort.field == "name" {
        all.sort_by(|a, b| a.name.cmp(&b.name));
    }
    if sort.descending {
        all.reverse();
    }
    let List { total, data } = page.cut(all);
    let show = |account: &Account| actor::Account::of(&app.config, account);
    let mut data: Vec<_> = data.iter().map(show).collect();
    followers::count_accounts(&app, &mut data).await?;
    Ok(web::Json(List { total, data }))
}

/// Tells of one account.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{name}",
    tag = "Accounts",
    responses((status = 200, body = actor::Account), (status = 404))
)]
pub(crate) async fn get(
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let mut shown = [actor::Account::of(&app.config, &existing(&app, &path).await?)];
    followers::count_accounts(&app, &mut shown).await?;
    let [shown] = shown;
    Ok(web::Json(shown))
}

/// The account of a handle in a path.
///
/// # Errors
/// 404 if there is none.
pub(crate) async fn existing(app: &App, path: &str) -> Result<Account, Problem> {
    let (name, host) = handle(&app.config, path, "Account not found")?;
    let found = match &host {
        None => names::account(&app.service, &name).await?,
        Some(host) => names::remote_account(&app.service, &name, host).await?,
    };
    Ok(found.into_row())
}

/// Which channels or followers are listed.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    search: Option<String>,
}

/// Lists the channels of an account.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{name}/video-channels",
    tag = "Video Channels",
    responses((status = 200, body = List<actor::Channel>), (status = 404))
)]
pub(crate) async fn video_channels(
    app: web::Data<App>,
    path: web::Path<String>,
    page: Page,
    wanted: web::Query<Wanted>,
) -> Result<impl Responder, Problem> {
    let account = existing(&app, &path).await?;
    let mut all = channels::of_account(&app.service, account.id).await?;
    if let Some(search) = wanted.search.as_ref().map(|search| search.to_lowercase()) {
        all.retain(|channel| {
            channel.name.as_str().contains(&search)
                || channel.display_name.as_str().to_lowercase().contains(&search)
        });
    }
    super::channels::sort(&mut all, &page)?;
    let List { total, data } = page.cut(all);
    let show = |channel: &Channel| actor::Channel::of(&app.config, channel, Some(&account));
    let mut data: Vec<_> = data.iter().map(show).collect();
    followers::count_channels(&app, &mut data).await?;
    Ok(web::Json(List { total, data }))
}

/// Which ratings are listed.
#[derive(Deserialize)]
pub(crate) struct WantedRatings {
    rating: Option<String>,
}

/// What someone said of a video.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VideoRating)]
pub(crate) struct Rated {
    /// `like` or `dislike`.
    rating: &'static str,
    /// The video.
    video: Video,
}

/// Lists what the asker said of videos, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{name}/ratings",
    tag = "Accounts",
    security(("oauth2" = [])),
    responses((status = 200, body = List<Rated>), (status = 401), (status = 403), (status = 404))
)]
pub(crate) async fn ratings(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
    page: Page,
    wanted: web::Query<WantedRatings>,
) -> Result<impl Responder, Problem> {
    if existing(&app, &path).await?.id != who.0.account {
        return Err(Problem::forbidden("Only the owner of this account may see this"));
    }
    let rating = match wanted.rating.as_deref() {
        None | Some("") => None,
        Some("like") => Some(Rating::Like),
        Some("dislike") => Some(Rating::Dislike),
        Some(_) => return Err(Problem::invalid("rating", "Should be like or dislike")),
    };
    let mut all = reactions::all_mine(&app.service, &who.0, rating).await?;
    if !page.order(&["createdAt"])?.descending {
        all.reverse();
    }
    let List { total, data: said } = page.cut(all);
    let mut data = Vec::with_capacity(said.len());
    for said in said {
        if let Some(card) = app.service.listing.get(&app.service, said.video).await? {
            let rating = match said.rating {
                Rating::Like => "like",
                Rating::Dislike => "dislike",
            };
            data.push(Rated { rating, video: Video::of(&app, &card) });
        }
    }
    Ok(web::Json(List { total, data }))
}

/// Lists who follows an account. Only its owner may ask.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{name}/followers",
    tag = "Accounts",
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
    let account = existing(&app, &path).await?;
    if account.id != who.0.account && !who.0.moderates() {
        return Err(Problem::forbidden("Only the owner of this account may see this"));
    }
    followers::of_actor(&app, ActorRef::Account(account.id), &page, wanted.search.as_deref()).await
}

/// Playlists of an account: there are none yet.
pub(crate) async fn playlists(
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    existing(&app, &path).await?;
    Ok(web::Json(List::<u64> { total: 0, data: Vec::new() }))
}
