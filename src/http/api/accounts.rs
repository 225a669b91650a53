//! Accounts: people as others see them.

use actix_web::Responder;
use actix_web::web::{self, ServiceConfig};
use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_service::{channels, names};
use serde::Deserialize;

use super::fields::handle;
use super::shapes::actor;
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
    Ok(web::Json(List { total, data: data.iter().map(show).collect() }))
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
    Ok(web::Json(actor::Account::of(&app.config, &existing(&app, &path).await?)))
}

/// The account of a handle in a path.
///
/// # Errors
/// 404 if there is none.
pub(crate) async fn existing(app: &App, path: &str) -> Result<Account, Problem> {
    let name = handle(&app.config, path, "Account not found")?;
    Ok(names::account(&app.service, &name).await?.into_row())
}

/// Which channels are listed.
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
    Ok(web::Json(List { total, data: data.iter().map(show).collect() }))
}

/// Who follows an account: nobody, before the node meets others. Only its owner may ask.
pub(crate) async fn followers(
    app: web::Data<App>,
    who: SignedIn,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    let account = existing(&app, &path).await?;
    if account.id != who.0.account && !who.0.moderates() {
        return Err(Problem::forbidden("Only the owner of this account may see this"));
    }
    Ok(web::Json(List::<u64> { total: 0, data: Vec::new() }))
}

/// Playlists of an account: there are none yet.
pub(crate) async fn playlists(
    app: web::Data<App>,
    path: web::Path<String>,
) -> Result<impl Responder, Problem> {
    existing(&app, &path).await?;
    Ok(web::Json(List::<u64> { total: 0, data: Vec::new() }))
}
