//! A feed, and how it is written: RSS 2.0 with MediaRSS, Atom (RFC 4287), JSON Feed 1.1, or a podcast (Podcasting 2.0).

use askama::Template;
use kinora_model::clock::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// The namespace of the guids of podcasts (podcastindex.org, `podcast:guid`).
const PODCAST_NAMESPACE: Uuid = Uuid::from_u128(0xead4_c236_bf58_58c6_a2c6_a6b2_8d12_8cb6);

/// What a feed tells of, newest first.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) title: String,
    pub(super) description: String,
    /// The page it is about.
    pub(super) link: String,
    /// The feed itself.
    pub(super) address: String,
    pub(super) image: Option<String>,
    pub(super) updated: Timestamp,
    pub(super) items: Vec<Item>,
}

/// A video or a comment.
#[derive(Debug)]
pub(super) struct Item {
    /// What names it everywhere.
    pub(super) id: String,
    pub(super) title: String,
    /// Its page.
    pub(super) link: String,
    pub(super) author: String,
    pub(super) author_link: String,
    pub(super) text: String,
    pub(super) html: String,
    pub(super) published: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) categories: Vec<String>,
    /// The best for most people first.
    pub(super) files: Vec<File>,
    pub(super) captions: Vec<Caption>,
    pub(super) hls: Option<String>,
    pub(super) film: Option<Film>,
}

/// A file that can be played.
#[derive(Debug)]
pub(super) struct File {
    pub(super) url: String,
    pub(super) bytes: u64,
    pub(super) media_type: &'static str,
    pub(super) height: u32,
    pub(super) fps: u32,
    pub(super) label: String,
}

/// Captions in one language.
#[derive(Debug)]
pub(super) struct Caption {
    pub(super) url: String,
    pub(super) language: String,
}

/// What is told of a video alone.
#[derive(Debug)]
pub(super) struct Film {
    pub(super) views: u64,
    pub(super) seconds: u64,
    pub(super) embed: String,
    pub(super) picture: String,
    pub(super) sensitive: bool,
}

#[derive(Template)]
#[template(path = "rss.xml")]
struct Rss<'a> {
    feed: &'a Feed,
}

#[derive(Template)]
#[template(path = "atom.xml")]
struct Atom<'a> {
    feed: &'a Feed,
}

#[derive(Template)]
#[template(path = "podcast.xml")]
struct Podcast<'a> {
    feed: &'a Feed,
    guid: Uuid,
    language: &'a str,
    category: &'a str,
    explicit: bool,
}

impl Feed {
    /// RSS 2.0 with MediaRSS.
    pub(super) fn rss(&self) -> askama::Result<String> {
        Rss { feed: self }.render()
    }

    /// Atom (RFC 4287).
    pub(super) fn atom(&self) -> askama::Result<String> {
        Atom { feed: self }.render()
    }

    /// RSS with the tags of podcasts, in this language.
    pub(super) fn podcast(&self, language: &str) -> askama::Result<String> {
        let named = self.address.split_once("://").map_or(self.address.as_str(), |(_, rest)| rest);
        let guid = Uuid::new_v5(&PODCAST_NAMESPACE, named.trim_end_matches('/').as_bytes());
        let film = |item: &Item| item.film.as_ref().is_some_and(|film| film.sensitive);
        let explicit = self.items.iter().any(film);
        Podcast { feed: self, guid, language, category: "TV & Film", explicit }.render()
    }

    /// JSON Feed 1.1.
    pub(super) fn json(&self) -> Value {
        let item = |item: &Item| {
            let file = |file: &File| {
                json!({
                    "url": file.url,
                    "mime_type": file.media_type,
                    "title": file.label,
                    "size_in_bytes": file.bytes,
                    "duration_in_seconds": item.film.as_ref().map(|film| film.seconds),
                })
            };
            json!({
                "id": item.id,
                "url": item.link,
                "title": item.title,
                "content_html": item.html,
                "summary": item.text,
                "image": item.film.as_ref().map(|film| &film.picture),
                "date_published": item.published.to_string(),
                "date_modified": item.updated.to_string(),
                "authors": [{ "name": item.author, "url": item.author_link }],
                "tags": item.categories,
                "attachments": item.files.iter().map(file).collect::<Vec<_>>(),
            })
        };
        json!({
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.title,
            "description": self.description,
            "home_page_url": self.link,
            "feed_url": self.address,
            "icon": self.image,
            "items": self.items.iter().map(item).collect::<Vec<_>>(),
        })
    }
}
