//! What the page of a video tells other sites: link previews, players, search engines.

use serde_json::json;

use super::markup::{escape, json, meta, property};
use crate::api::shapes::video::Details;
use crate::config::Config;

/// Size of the embedded player that other sites are offered, in pixels.
const EMBED_SIZE: (u32, u32) = (560, 315);

/// The tags of a video's page.
pub(crate) fn tags(config: &Config, video: &Details) -> String {
    let facts = &video.facts;
    let embed = config.url(&facts.embed_path);
    let picture = config.url(&facts.preview_path);
    let (width, height) = EMBED_SIZE;
    let (width, height) = (width.to_string(), height.to_string());
    let mut tags = property("og:type", "video.other");
    if !facts.nsfw {
        tags.push_str(&property("og:image", &picture));
        tags.push_str(&property("og:image:url", &picture));
        tags.push_str(&meta("twitter:image", &picture));
        tags.push_str(&format!(
            "<link rel=\"preload\" as=\"image\" href=\"{}\" fetchpriority=\"high\">\n",
            escape(&facts.preview_path)
        ));
    }
    for (name, content) in [
        ("og:video:url", embed.as_str()),
        ("og:video:secure_url", embed.as_str()),
        ("og:video:type", "text/html"),
        ("og:video:width", &width),
        ("og:video:height", &height),
    ] {
        tags.push_str(&property(name, content));
    }
    tags.push_str(&property("og:video:duration", &facts.duration.to_string()));
    for (name, content) in [
        ("twitter:card", "player"),
        ("twitter:title", facts.name.as_str()),
        ("twitter:player", embed.as_str()),
        ("twitter:player:width", &width),
        ("twitter:player:height", &height),
    ] {
        tags.push_str(&meta(name, content));
    }
    // Of what lives elsewhere this is the id there.
    tags.push_str(&document_link(&facts.url));
    if !facts.is_local {
        return tags;
    }
    let asked: String = url::form_urlencoded::byte_serialize(facts.url.as_bytes()).collect();
    tags.push_str(&format!(
        "<link rel=\"alternate\" type=\"application/json+oembed\" href=\"{}\" title=\"{}\">\n",
        escape(&config.url(&format!("/services/oembed?url={asked}"))),
        escape(&facts.name),
    ));
    tags.push_str(&format!(
        "<script type=\"application/ld+json\">{}</script>\n",
        json(&linked(config, video, &embed, &picture))
    ));
    tags
}

/// Where servers find what a page shows as an ActivityPub document.
pub(super) fn document_link(id: &str) -> String {
    let id = escape(id);
    format!("<link rel=\"alternate\" type=\"application/activity+json\" href=\"{id}\">\n")
}

/// The video in schema.org's words.
fn linked(config: &Config, video: &Details, embed: &str, picture: &str) -> serde_json::Value {
    let facts = &video.facts;
    let files = video.streaming_playlists.iter().flat_map(|playlist| &playlist.files);
    json!({
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": facts.name,
        "description": facts.truncated_description.as_deref().unwrap_or(&facts.name),
        "thumbnailUrl": picture,
        "uploadDate": facts.published_at.as_deref().unwrap_or(&facts.created_at),
        "duration": format!("PT{}S", facts.duration),
        "embedUrl": embed,
        "contentUrl": files.map(|file| file.file_url.as_str()).next(),
        "interactionCount": facts.views,
        "url": config.url(&format!("/w/{}", facts.short_uuid)),
    })
}
