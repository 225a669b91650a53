//! Searching: words among what is known here; an address or a handle is looked up where it lives.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use kinora_federation::resolve::Found;
use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::id::Id;
use kinora_model::video;
use kinora_service::channels;
use kinora_service::listing::Filter;

use super::federation;
use super::lists::{Asked, list};
use super::shapes::actor;
use super::shapes::video::Video;
use crate::address::ClientAddress;
use crate::auth::MaybeSignedIn;
use crate::page::{List, Page};
use crate::problem::Problem;
use crate::server::App;

/// The longest text searched for, in bytes: addresses are at most so long.
const SEARCH_BYTES_MAX: usize = 2_048;

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/search/videos", web::get().to(videos))
        .route("/search/video-channels", web::get().to(video_channels))
        .route("/search/video-playlists", web::get().to(playlists));
}

/// The text that is searched for.
fn text(asked: &Asked) -> Result<&str, Problem> {
    let text = asked.one("search").unwrap_or_default().trim();
    if text.len() > SEARCH_BYTES_MAX {
        return Err(Problem::invalid("search", "Should be shorter"));
    }
    Ok(text)
}

/// Searches videos by their words. PeerTube's filters of lists hold here too.
#[utoipa::path(
    get,
    path = "/api/v1/search/videos",
    tag = "Search",
    params(
        ("search" = Option<String>, Query), ("start" = Option<u64>, Query), ("count" = Option<u64>, Query),
        ("sort" = Option<String>, Query), ("host" = Option<String>, Query), ("isLocal" = Option<bool>, Query)
    ),
    responses((status = 200, body = List<Video>), (status = 400))
)]
pub(crate) async fn videos(
    app: web::Data<App>,
    request: HttpRequest,
    mut page: Page,
    address: ClientAddress,
    who: MaybeSignedIn,
) -> Result<impl Responder, Problem> {
    let asked = Asked::of(&request)?;
    let mut filter = Filter::listed();
    // An address or a handle is looked up where it lives.
    match federation::looked_up(&app, address, text(&asked)?).await? {
        Some(Found::Video(id) | Found::Comment(_, id)) => return one(&app, id).await,
        Some(_) => filter.nothing = true,
        None => {}
    }
    // Clients ask for the best match first: there is no such order but the newest.
    if page.sort.as_deref().is_some_and(|sort| sort.trim_start_matches('-') == "match") {
        page.sort = None;
    }
    list(&app, &request, &page, who.0.as_ref(), filter).await
}

/// The video that an address named, as a list of one.
async fn one(app: &App, id: Id<video::Video>) -> Result<HttpResponse, Problem> {
    let card = app.service.listing.get(&app.service, id).await?;
    let data: Vec<Video> = card.iter().map(|card| Video::of(app, card)).collect();
    Ok(HttpResponse::Ok().json(List { total: data.len(), data }))
}

/// Searches channels by their names.
#[utoipa::path(
    get,
    path = "/api/v1/search/video-channels",
    tag = "Search",
    params(
        ("search" = Option<String>, Query), ("start" = Option<u64>, Query), ("count" = Option<u64>, Query),
        ("host" = Option<String>, Query)
    ),
    responses((status = 200, body = List<actor::Channel>), (status = 400))
)]
pub(crate) async fn video_channels(
    app: web::Data<App>,
    request: HttpRequest,
    page: Page,
    address: ClientAddress,
) -> Result<impl Responder, Problem> {
    let asked = Asked::of(&request)?;
    let words = text(&asked)?;
    let mut found = match federation::looked_up(&app, address, words).await? {
        Some(Found::Channel(id)) => {
            let row = app.service.store.get::<Channel>(&id.to_key()).await?;
            row.into_iter().map(kinora_store::Stored::into_row).collect()
        }
        Some(_) => Vec::new(),
        None => channels::search(&app.service, words, None).await?,
    };
    if let Some(host) = asked.one("host") {
        let ours = app.config.host();
        found.retain(|channel| match &channel.origin {
            Some(origin) => origin.host.as_str().eq_ignore_ascii_case(host),
            None => ours.eq_ignore_ascii_case(host),
        });
    }
    // Newest first, as videos are.
    found.reverse();
    let List { total, data } = page.cut(found);
    let mut shown = Vec::with_capacity(data.len());
    for channel in data {
        shown.push(show(&app, &channel).await?);
    }
    Ok(web::Json(List { total, data: shown }))
}

async fn show(app: &App, channel: &Channel) -> Result<actor::Channel, Problem> {
    let owner = app.service.store.get::<Account>(&channel.account.to_key()).await?;
    Ok(actor::Channel::of(&app.config, channel, owner.as_deref()))
}

/// Searches playlists: there are none yet.
#[utoipa::path(
    get,
    path = "/api/v1/search/video-playlists",
    tag = "Search",
    responses((status = 200))
)]
pub(crate) async fn playlists() -> impl Responder {
    web::Json(List::<u64> { total: 0, data: Vec::new() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use crate::stage::Stage;
    use kinora_model::user::Role;

    #[actix_web::test]
    async fn words_find_videos_and_channels() {
        let stage = Stage::new();
        stage.user("ana", Role::User).await;
        stage.video("ana", "Rain on the roof").await;
        let found = stage.get("/api/v1/search/videos?search=RAIN&sort=-match", "").await.body;
        assert_eq!(found["total"], 1);
        assert_eq!(found["data"][0]["name"], "Rain on the roof");
        let found = stage.get("/api/v1/search/videos?search=snow", "").await.body;
        assert_eq!(found["total"], 0);
        let found = stage.get("/api/v1/search/video-channels?search=ANA", "").await.body;
        assert_eq!(found["data"][0]["name"], "ana_channel");
        let long = format!("/api/v1/search/videos?search={}", "x".repeat(3_000));
        assert_eq!(stage.get(&long, "").await.status, 400);
    }
}
