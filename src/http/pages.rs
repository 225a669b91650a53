//! The pages: each is a document that other sites and people without scripts can read, and that the client takes over.
//!
//! A page is asked for without a token, so that it shows only what everyone may see; for hidden things it answers as if
//! there were none, and the client asks again in the name of whoever is signed in.

use std::future::ready;

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE};
use actix_web::web::{self, Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder, guard};
use kinora_service::listing::{self, Filter, Order};
use kinora_service::{markdown, videos};
use serde::Deserialize;

use crate::api::shapes::actor::{account_url, channel_url};
use crate::api::shapes::video::{Details, Video};
use crate::api::{accounts, channels};
use crate::page::List;
use crate::problem::Problem;
use crate::server::App;
use crate::web::CLIENT;

mod document;
pub(crate) mod markup;
mod reader;
#[cfg(test)]
mod tests;
mod video_head;

use document::Document;

/// How many videos a page is served with: as many as the client asks for at a time.
const VIDEOS: usize = 24;

/// How much of a description is told to other sites, in characters.
const DESCRIPTION_CHARS: usize = 250;

/// Pages that say nothing to whoever does not run scripts: they are for working, not for reading.
const WORKING: &[(&str, &str)] = &[
    ("/login", "Log in"),
    ("/register", "Create an account"),
    ("/signup", "Create an account"),
    ("/upload", "Upload"),
    ("/videos/upload", "Upload"),
    ("/studio", "My videos"),
    ("/studio/{id}", "My videos"),
    ("/my-library/videos", "My videos"),
    ("/settings", "Settings"),
    ("/settings/channels", "Channels"),
    ("/settings/channels/{name}", "Channels"),
    ("/admin/users", "People"),
    ("/admin/registrations", "Requests to join"),
    ("/admin/reports", "Reports"),
    ("/admin/federation", "Other servers"),
    ("/admin/peers", "Peers"),
    ("/my/subscriptions", "Subscriptions"),
    ("/videos/subscriptions", "Subscriptions"),
    ("/my/notifications", "Notifications"),
    ("/my-account/notifications", "Notifications"),
    ("/my/reports", "Your reports"),
    ("/my-account/abuses", "Your reports"),
    ("/remote-interaction", "From another server"),
    ("/authorize_interaction", "From another server"),
];

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let read = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    config
        .route("/", read().to(home))
        .route("/videos/browse", read().to(home))
        .route("/search", read().to(search))
        .route("/w/{id}", read().to(watch))
        .route("/videos/watch/{id}", read().to(watch))
        .route("/videos/embed/{id}", read().to(embed))
        .route("/c/{handle}", read().to(channel))
        .route("/c/{handle}/videos", read().to(channel))
        .route("/video-channels/{handle}", read().to(channel))
        .route("/a/{handle}", read().to(account))
        .route("/a/{handle}/video-channels", read().to(account))
        .route("/accounts/{handle}", read().to(account))
        .route("/about", read().to(about))
        .route("/robots.txt", read().to(robots));
    for (path, title) in WORKING {
        config.route(
            path,
            read().to(move |app: Data<App>, request: HttpRequest| {
                ready(working(&app, &request, title))
            }),
        );
    }
}

/// Answers for every other address: a page to whoever reads pages, a problem to programs.
pub(crate) async fn nowhere(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    if reads && accepts.is_some_and(|accepts| accepts.contains("text/html")) {
        return Ok(Document::missing(&app, request.path()).answer());
    }
    Err(Problem::not_found("There is nothing at this address"))
}

async fn home(app: Data<App>) -> Result<impl Responder, Problem> {
    let videos = list(&app, Filter::listed()).await?;
    let name = &app.service.config.instance.name;
    Ok(Document::new(&app, "/", "Videos")
        .needs("src/pages/Home.svelte")
        .body(&reader::list(&format!("Videos on {name}"), &videos.data))
        .boot("videos", serde_json::to_value(&videos).unwrap_or_default())
        .answer())
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    search: String,
}

async fn search(app: Data<App>, wanted: Query<Wanted>) -> Result<impl Responder, Problem> {
    let words: String = wanted.search.chars().take(200).collect();
    let videos = list(&app, Filter { search: Some(words.clone()), ..Filter::listed() }).await?;
    Ok(Document::new(&app, "/search", "Search")
        .needs("src/pages/Search.svelte")
        .hidden()
        .body(&reader::list(&format!("Search: {words}"), &videos.data))
        .answer())
}

async fn watch(
    app: Data<App>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<impl Responder, Problem> {
    let Some(video) = open_video(&app, &id).await? else {
        return Ok(Document::missing(&app, request.path())
            .needs("src/pages/Watch.svelte")
            .answer());
    };
    let facts = &video.facts;
    let mut page = Document::new(&app, &format!("/w/{}", facts.short_uuid), &facts.name)
        .describe(&description(&video))
        .head(&video_head::tags(&app.config, &video))
        .body(&reader::video(&video))
        .needs("src/pages/Watch.svelte")
        .needs("src/lib/player/engine.ts");
    if let Some(engine) = CLIENT.part("hls.light") {
        page = page.needs(engine);
    }
    // Search engines are to find what lives elsewhere there.
    if facts.privacy.id != 1 || !facts.is_local {
        page = page.hidden();
    }
    Ok(page.boot("video", serde_json::to_value(&video).unwrap_or_default()).answer())
}

async fn embed(
    app: Data<App>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<impl Responder, Problem> {
    let Some(video) = open_video(&app, &id).await? else {
        return Ok(Document::missing(&app, request.path()).answer_embedded());
    };
    let facts = &video.facts;
    let mut page = Document::new(&app, &format!("/w/{}", facts.short_uuid), &facts.name)
        .describe(&description(&video))
        .head(&video_head::tags(&app.config, &video))
        .body(&reader::video(&video))
        .needs("src/lib/player/engine.ts");
    if let Some(engine) = CLIENT.part("hls.light") {
        page = page.needs(engine);
    }
    Ok(page.boot("video", serde_json::to_value(&video).unwrap_or_default()).answer_embedded())
}

async fn channel(
    app: Data<App>,
    handle: Path<String>,
    request: HttpRequest,
) -> Result<impl Responder, Problem> {
    let Ok(channel) = channels::existing(&app, &handle).await else {
        return Ok(Document::missing(&app, request.path()).answer());
    };
    let filter = Filter { channels: vec![channel.id], ..Filter::listed() };
    let videos = list(&app, filter).await?;
    let title = channel.display_name.to_string();
    let text = channel.description.as_ref().map(ToString::to_string).unwrap_or_default();
    Ok(Document::new(&app, &format!("/c/{}", channel.name), &title)
        .needs("src/pages/Channel.svelte")
        .describe(&markdown::plain(&text, DESCRIPTION_CHARS))
        .head(&markup::property("og:type", "profile"))
        .head(&video_head::document_link(&channel_url(&app.config, &channel)))
        .body(&reader::list(&title, &videos.data))
        .body(&markdown::html(&text))
        .answer())
}

async fn account(
    app: Data<App>,
    handle: Path<String>,
    request: HttpRequest,
) -> Result<impl Responder, Problem> {
    let Ok(account) = accounts::existing(&app, &handle).await else {
        return Ok(Document::missing(&app, request.path()).answer());
    };
    let filter = Filter { account: Some(account.id), ..Filter::listed() };
    let videos = list(&app, filter).await?;
    let title = account.display_name.to_string();
    let text = account.description.as_ref().map(ToString::to_string).unwrap_or_default();
    Ok(Document::new(&app, &format!("/a/{}", account.name), &title)
        .needs("src/pages/Account.svelte")
        .describe(&markdown::plain(&text, DESCRIPTION_CHARS))
        .head(&markup::property("og:type", "profile"))
        .head(&video_head::document_link(&account_url(&app.config, &account)))
        .body(&reader::list(&title, &videos.data))
        .body(&markdown::html(&text))
        .answer())
}

async fn about(app: Data<App>) -> impl Responder {
    let instance = &app.service.config.instance;
    let body = format!(
        "<h1>About {}</h1><p>{}</p>{}{}",
        markup::escape(&instance.name),
        markup::escape(&instance.short_description),
        markdown::html(&instance.description),
        markdown::html(&instance.terms),
    );
    Document::new(&app, "/about", "About").needs("src/pages/About.svelte").body(&body).answer()
}

fn working(app: &App, request: &HttpRequest, title: &'static str) -> HttpResponse {
    let body = format!(
        "<h1>{title}</h1><p>This page needs JavaScript. Videos can be watched without it.</p>"
    );
    Document::new(app, request.path(), title).hidden().body(&body).answer()
}

/// Search engines may read what everyone may see.
async fn robots() -> impl Responder {
    let text = "User-agent: *\nDisallow: /api/\nDisallow: /search\nDisallow: /studio\nDisallow: /settings\nDisallow: /admin\n";
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body(text)
}

/// A video that everyone may see, by number, uuid or short uuid.
async fn open_video(app: &App, id: &str) -> Result<Option<Details>, Problem> {
    match videos::details(&app.service, None, id).await {
        Ok(details) => Ok(Some(Details::shared(app, &details).await?)),
        Err(kinora_service::Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn description(video: &Details) -> String {
    let text = video.facts.truncated_description.clone();
    text.unwrap_or_else(|| format!("A video by {}", video.channel.display_name))
}

/// The newest videos of a list.
async fn list(app: &App, filter: Filter) -> Result<List<Video>, Problem> {
    let query = listing::Query {
        filter,
        order: Order::Published,
        descending: true,
        start: 0,
        count: VIDEOS,
    };
    let found = app.service.listing.find(&app.service, &query).await?;
    let data = found.cards.iter().map(|card| Video::of(app, card)).collect();
    Ok(List { total: usize::try_from(found.total).unwrap_or(usize::MAX), data })
}
