//! Feeds: what is new, for readers of RSS, Atom and JSON Feed, and for podcast apps.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use kinora_model::account::Account;
use kinora_model::caption::Caption as CaptionRow;
use kinora_model::channel::Channel;
use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::video::{Privacy, Video, short_uuid};
use kinora_service::listing::Filter;
use kinora_service::{captions, comments, markdown, videos};

use crate::api::lists::Asked;
use crate::api::shapes::actor;
use crate::api::shapes::video::Details;
use crate::api::{accounts, channels};
use crate::page::Page;
use crate::problem::Problem;
use crate::server::App;

mod document;
#[cfg(test)]
mod tests;

use document::{Caption, Feed, File, Film, Item};

/// How many items a feed has.
const ITEMS: usize = 20;

/// How much of a description stands in a summary, in characters.
const TEXT_CHARS: usize = 500;

/// How long readers may keep a feed.
const KEEP: &str = "public, max-age=300";

/// Adds the routes.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/feeds/videos.{format}", web::get().to(of_videos))
        .route("/feeds/video-comments.{format}", web::get().to(of_comments))
        .route("/feeds/podcast/videos.xml", web::get().to(podcast));
}

/// How a feed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Rss,
    Atom,
    Json,
}

impl Format {
    /// The format of an ending, as PeerTube names them.
    fn of(ending: &str) -> Result<Self, Problem> {
        match ending {
            "xml" | "rss" | "rss2" => Ok(Self::Rss),
            "atom" | "atom1" => Ok(Self::Atom),
            "json" | "json1" => Ok(Self::Json),
            _ => Err(Problem::not_found("There is no feed of this format")),
        }
    }
}

fn answer(feed: &Feed, format: Format) -> Result<HttpResponse, Problem> {
    let (kind, written) = match format {
        Format::Rss => ("application/rss+xml; charset=utf-8", feed.rss()),
        Format::Atom => ("application/atom+xml; charset=utf-8", feed.atom()),
        Format::Json => ("application/feed+json; charset=utf-8", Ok(feed.json().to_string())),
    };
    send(kind, written)
}

fn send(kind: &'static str, written: askama::Result<String>) -> Result<HttpResponse, Problem> {
    let body = written.map_err(|error| {
        tracing::error!(%error, "a feed could not be written");
        Problem::internal()
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CACHE_CONTROL, KEEP))
        .body(body))
}

/// Tells what is new on the node, of an account or of a channel.
async fn of_videos(
    app: Data<App>,
    request: HttpRequest,
    format: Path<String>,
) -> Result<HttpResponse, Problem> {
    let format = Format::of(&format)?;
    let feed = videos(&app, &request).await?;
    answer(&feed, format)
}

/// Tells what was said last: on the node, under one video, or under those of an account or channel.
async fn of_comments(
    app: Data<App>,
    request: HttpRequest,
    format: Path<String>,
) -> Result<HttpResponse, Problem> {
    let format = Format::of(&format)?;
    let asked = Asked::of(&request)?;
    let about = About::asked(&app, &asked).await?;
    let mut wanted = comments::Asked::default();
    let mut owner = None;
    match &about {
        About::Node => {}
        About::Account(account) => owner = Some(account.id),
        About::Channel(channel) => wanted.channel = Some(channel.id),
    }
    if let Some(id) = asked.one("videoId") {
        wanted.video = Some(videos::find(&app.service, None, id).await?.id);
    }
    let mut feed = about.feed(&app, &request);
    for (seen, video) in comments::newest(&app.service, &wanted, owner, ITEMS).await? {
        feed.updated = feed.updated.max(seen.comment.updated_at);
        feed.items.push(said(&app, &seen, &video));
    }
    if feed.items.is_empty() {
        feed.updated = app.service.now();
    }
    answer(&feed, format)
}

fn said(app: &App, seen: &comments::Seen, video: &Video) -> Item {
    let comment = &seen.comment;
    let own = format!("/videos/watch/{}/comments/{}", video.uuid, comment.id);
    let page = format!("/w/{}#comment-{}", short_uuid(video.uuid), comment.id);
    let author = seen.account.as_ref().map(|it| actor::Summary::account(&app.config, it));
    let name = author.as_ref().map_or("?", |it| it.display_name.as_str());
    Item {
        id: comment.uri.as_ref().map_or_else(|| app.config.url(&own), ToString::to_string),
        title: format!("{name}: {}", video.words.title),
        link: app.config.url(&page),
        author: name.to_owned(),
        author_link: author.as_ref().map(|it| it.url.clone()).unwrap_or_default(),
        text: comments::words::preview(comment, TEXT_CHARS),
        html: seen.html.clone(),
        published: comment.created_at,
        updated: comment.updated_at,
        categories: Vec::new(),
        files: Vec::new(),
        captions: Vec::new(),
        hls: None,
        film: None,
    }
}

/// Tells what is new in a channel, for podcast apps.
async fn podcast(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(&request)?;
    if asked.one("videoChannelId").or_else(|| asked.one("videoChannelName")).is_none() {
        return Err(Problem::invalid("videoChannelId", "Should name a channel"));
    }
    let feed = videos(&app, &request).await?;
    send("application/rss+xml; charset=utf-8", feed.podcast("en"))
}

/// What a feed is about.
enum About {
    Node,
    Account(Account),
    Channel(Channel),
}

impl About {
    async fn asked(app: &App, asked: &Asked) -> Result<Self, Problem> {
        if let Some(name) = asked.one("accountName") {
            return Ok(Self::Account(accounts::existing(app, name).await?));
        }
        if let Some(name) = asked.one("videoChannelName") {
            return Ok(Self::Channel(channels::existing(app, name).await?));
        }
        let store = &app.service.store;
        if let Some(id) = asked.one("accountId") {
            let missing = || Problem::not_found("Account not found");
            let id: Id<Account> = id.parse().map_err(|_unreadable| missing())?;
            let row =
                store.get::<Account>(&id.to_key()).await.map_err(kinora_service::Error::from)?;
            return Ok(Self::Account(row.ok_or_else(missing)?.into_row()));
        }
        if let Some(id) = asked.one("videoChannelId") {
            let missing = || Problem::not_found("Video channel not found");
            let id: Id<Channel> = id.parse().map_err(|_unreadable| missing())?;
            let row =
                store.get::<Channel>(&id.to_key()).await.map_err(kinora_service::Error::from)?;
            return Ok(Self::Channel(row.ok_or_else(missing)?.into_row()));
        }
        Ok(Self::Node)
    }

    fn filter(&self) -> Filter {
        match self {
            Self::Node => Filter::listed(),
            Self::Account(account) => Filter { account: Some(account.id), ..Filter::listed() },
            Self::Channel(channel) => Filter { channels: vec![channel.id], ..Filter::listed() },
        }
    }

    /// An empty feed about it.
    fn feed(&self, app: &App, request: &HttpRequest) -> Feed {
        let instance = &app.service.config.instance;
        let plain = |text: Option<&str>| markdown::plain(text.unwrap_or_default(), TEXT_CHARS);
        let picture = |pictures: &[kinora_model::picture::Picture]| {
            let picture = pictures.last();
            picture.map(|it| app.config.url(&format!("/lazy-static/avatars/{}.jpg", it.blob)))
        };
        let (title, description, link, image) = match self {
            Self::Node => {
                (instance.name.clone(), instance.short_description.clone(), "/".to_owned(), None)
            }
            Self::Account(account) => (
                account.display_name.to_string(),
                plain(account.description.as_ref().map(|text| text.as_str())),
                format!("/a/{}", account.name),
                picture(&account.avatars),
            ),
            Self::Channel(channel) => (
                channel.display_name.to_string(),
                plain(channel.description.as_ref().map(|text| text.as_str())),
                format!("/c/{}", channel.name),
                picture(&channel.avatars),
            ),
        };
        let address = request.uri().path_and_query().map_or("/", |it| it.as_str());
        Feed {
            title,
            description,
            link: app.config.url(&link),
            address: app.config.url(address),
            image,
            updated: Timestamp::from_ms(0),
            items: Vec::new(),
        }
    }
}

async fn videos(app: &App, request: &HttpRequest) -> Result<Feed, Problem> {
    let mut asked = Asked::of(request)?;
    let about = About::asked(app, &asked).await?;
    let mut filter = about.filter();
    asked.narrow(&mut filter, app, None)?;
    // Whoever reads a feed has no token: whatever is asked for, it shows what everyone may see.
    filter.privacies = vec![Privacy::Public];
    filter.states = Filter::listed().states;
    let sort = asked.one("sort").map(str::to_owned);
    let page = Page { start: 0, count: ITEMS, sort };
    let query = asked.query(filter, &page, "publishedAt")?;
    let found = app.service.listing.find(&app.service, &query).await?;
    let mut feed = about.feed(app, request);
    for card in &found.cards {
        // One that was deleted in this moment is left out.
        let id = card.video.id.to_string();
        let Ok(details) = videos::details(&app.service, None, &id).await else { continue };
        let texts = captions::list(&app.service, None, &id).await.unwrap_or_default();
        feed.updated = feed.updated.max(details.video.updated_at);
        feed.items.push(item(app, &details, &texts));
    }
    if feed.items.is_empty() {
        feed.updated = app.service.now();
    }
    Ok(feed)
}

fn item(app: &App, details: &videos::Details, texts: &[CaptionRow]) -> Item {
    let video = &details.video;
    let shown = Details::of(&app.config, details);
    let facts = &shown.facts;
    let text = video.words.description.as_ref().map(|text| text.as_str()).unwrap_or_default();
    let playlist = shown.streaming_playlists.first();
    let files = playlist.map_or(shown.files.as_slice(), |it| it.files.as_slice());
    let file = |file: &crate::api::shapes::video::File| File {
        url: file.file_url.clone(),
        bytes: file.size,
        media_type: if file.has_video { "video/mp4" } else { "audio/mp4" },
        height: file.height,
        fps: file.fps,
        label: file.resolution.label.clone(),
    };
    let caption = |row: &CaptionRow| Caption {
        url: app.config.url(&format!("/lazy-static/video-captions/{}.vtt", row.blob)),
        language: row.language.clone(),
    };
    let mut categories: Vec<String> = video.words.tags.iter().map(ToString::to_string).collect();
    if facts.category.id.is_some() {
        categories.insert(0, facts.category.label.to_owned());
    }
    Item {
        id: facts.url.clone(),
        title: facts.name.clone(),
        link: app.config.url(&format!("/w/{}", facts.short_uuid)),
        author: shown.channel.display_name.clone(),
        author_link: shown.channel.url.clone(),
        text: markdown::plain(text, TEXT_CHARS),
        html: markdown::html(text),
        published: video.published_at.unwrap_or(video.created_at),
        updated: video.updated_at,
        categories,
        files: files.iter().filter(|file| file.size > 0).map(file).collect(),
        captions: texts.iter().map(caption).collect(),
        hls: playlist.map(|playlist| playlist.playlist_url.clone()),
        film: Some(Film {
            views: facts.views,
            seconds: facts.duration,
            embed: app.config.url(&facts.embed_path),
            picture: app.config.url(&facts.preview_path),
            sensitive: facts.nsfw,
        }),
    }
}
