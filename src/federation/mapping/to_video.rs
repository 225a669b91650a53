//! Videos of this node as all servers of the fediverse can read them.

use std::sync::Arc;

use kinora_activity::actor::{ActorKind, Image};
use kinora_activity::verb::Audience;
use kinora_activity::video::{
    self as words, Author, Caption, File, Hls, Labelled, Storyboard, Tracks, Video as Written,
};
use kinora_model::caption::Caption as Kept;
use kinora_model::picture::Picture;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::lists::{category_label, language_label, licence_label};
use kinora_model::video::{Footage, Video, short_uuid};
use kinora_service::manifest::Manifest;
use kinora_service::markdown;
use kinora_service::videos::Details;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::address::{Addresses, Ours};

/// All that is said of a video.
#[derive(Clone, Debug)]
pub(crate) struct VideoFacts {
    /// The video with its channel, its account and what was made of it.
    pub(crate) details: Details,
    /// Its captions.
    pub(crate) captions: Vec<Kept>,
    /// What its segments hash to.
    pub(crate) manifest: Option<Arc<Manifest>>,
}

/// A video that everyone may see.
pub(crate) fn to_video(addresses: &Addresses, facts: &VideoFacts) -> Value {
    let Details { video, counts, channel, account, .. } = &facts.details;
    let words = &video.words;
    let id = addresses.of(&Ours::Video(video.uuid));
    let person = addresses.of(&Ours::Account(account.name.clone()));
    let group = addresses.of(&Ours::Channel(channel.name.clone()));
    let below = |rest: &str| Some(addresses.below(&id, rest));
    let short = short_uuid(video.uuid);
    let mut written = Written::new(id.clone(), words.title.to_string());
    let description = words.description.as_ref().filter(|text| !text.is_empty());
    written.uuid = Some(video.uuid.to_string());
    written.content = description.map(|text| markdown::html(text.as_str()));
    written.source = description.map(ToString::to_string);
    written.summary = words.sensitive_summary.as_ref().map(ToString::to_string);
    written.sensitive = words.sensitive;
    written.sensitive_flags = words.sensitive_flags;
    let published = video.published_at.unwrap_or(video.created_at);
    written.published = Some(published.as_ms());
    // Some servers refuse what changed before it was published.
    written.updated = Some(video.updated_at.max(published).as_ms());
    written.originally_published = words.originally_published_at.map(|at| at.as_ms());
    written.duration_s = video.footage.as_ref().map_or(0, |it| it.duration_ms.div_ceil(1_000));
    written.views = counts.views;
    written.attributed_to = vec![
        Author { id: person.clone(), kind: Some(ActorKind::Person) },
        Author { id: group.clone(), kind: Some(ActorKind::Group) },
    ];
    written.audience = Some(group.clone());
    written.category = words.category.map(|it| number(it, category_label(it)));
    written.licence = words.licence.map(|it| number(it, licence_label(it)));
    written.language = words.language.as_deref().map(|code| Labelled {
        identifier: code.to_owned(),
        name: language_label(code).unwrap_or(code).to_owned(),
    });
    written.tags = words.tags.iter().map(ToString::to_string).collect();
    written.comments_policy = words.comments.number();
    written.download_enabled = words.download;
    written.wait_transcoding = words.wait_transcoding;
    written.support = words.support.as_ref().map(ToString::to_string);
    written.icons = icons(addresses, video);
    written.watch_url = Some(addresses.url(&format!("/w/{short}")));
    written.embed_url = Some(addresses.url(&format!("/videos/embed/{short}")));
    written.hls = hls(addresses, video, &facts.details.renditions);
    written.captions =
        facts.captions.iter().map(|caption| self::caption(addresses, caption)).collect();
    written.manifest = facts.manifest.as_ref().map(|it| words::Manifest {
        url: addresses.url(&it.path(video.uuid)),
        sha256: it.sha256,
        size: it.size(),
    });
    written.storyboard = storyboard(addresses, video);
    written.aspect_ratio = video.footage.as_ref().and_then(aspect_ratio);
    written.likes = below("likes");
    written.dislikes = below("dislikes");
    written.comments = below("comments");
    written.shares = below("announces");
    written.has_parts = below("chapters");
    written.context = below("context");
    let followers = [addresses.below(&person, "followers"), addresses.below(&group, "followers")];
    let [of_person, of_group] = &followers;
    written.write(&Audience::public(&[of_person, of_group, &group]))
}

fn number(number: u8, label: Option<&str>) -> Labelled {
    Labelled { identifier: number.to_string(), name: label.unwrap_or("Unknown").to_owned() }
}

/// Both sizes of the picture: without a JPEG of a known size `PeerTube` takes no video.
fn icons(addresses: &Addresses, video: &Video) -> Vec<Image> {
    let image = |folder: &str, picture: &Picture| Image {
        url: addresses.url(&format!("/lazy-static/{folder}/{}.jpg", picture.blob)),
        media_type: Some("image/jpeg".to_owned()),
        width: Some(picture.width),
        height: Some(picture.height),
    };
    let both = video.thumbnail.as_ref();
    both.map_or_else(Vec::new, |it| {
        vec![image("thumbnails", &it.small), image("previews", &it.large)]
    })
}

fn hls(addresses: &Addresses, video: &Video, renditions: &[Rendition]) -> Option<Hls> {
    let ready = |it: &&Rendition| it.state == RenditionState::Ready;
    let mut ready: Vec<_> = renditions.iter().filter(ready).collect();
    ready.sort_by_key(|it| std::cmp::Reverse(it.resolution));
    let folder = format!("/static/streaming-playlists/hls/{}", video.uuid);
    (!ready.is_empty()).then(|| Hls {
        playlist: addresses.url(&format!("{folder}/master.m3u8")),
        segments_sha256: Some(addresses.url(&format!("{folder}/segments-sha256.json"))),
        infohashes: Vec::new(),
        files: ready.iter().map(|it| file(addresses, video, &folder, it)).collect(),
    })
}

fn file(addresses: &Addresses, video: &Video, folder: &str, rendition: &Rendition) -> File {
    let name = format!("{}-{}", video.uuid, rendition.resolution);
    let url = addresses.url(&format!("{folder}/{name}-fragmented.mp4"));
    let torrent = addresses.url(&format!("/lazy-static/torrents/{name}-hls.torrent"));
    let made = rendition.torrent.as_ref();
    File {
        media_type: "video/mp4".to_owned(),
        height: rendition.height,
        width: Some(rendition.width),
        fps: Some(rendition.fps_milli.saturating_add(500) / 1_000),
        size: Some(rendition.bytes),
        tracks: Some(Tracks { audio: rendition.has_audio, video: rendition.has_video }),
        magnet: made.map(|it| magnet(video.words.title.as_str(), &it.info_hash, &torrent, &url)),
        torrent: made.map(|_| torrent),
        url,
    }
}

/// A magnet link (BEP 9) with this node as web seed (BEP 19).
fn magnet(name: &str, info_hash: &str, torrent: &Url, seed: &Url) -> String {
    let escape = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let (xs, ws) = (escape(torrent.as_str()), escape(seed.as_str()));
    format!("magnet:?xs={xs}&xt=urn:btih:{info_hash}&dn={}&ws={ws}", escape(name))
}

fn caption(addresses: &Addresses, caption: &Kept) -> Caption {
    let language = caption.language.as_str();
    Caption {
        language: language.to_owned(),
        name: language_label(language).unwrap_or(language).to_owned(),
        url: addresses.url(&format!("/lazy-static/video-captions/{}.vtt", caption.blob)),
        generated: false,
    }
}

fn storyboard(addresses: &Addresses, video: &Video) -> Option<Storyboard> {
    let board = video.storyboard.as_ref()?;
    Some(Storyboard {
        url: addresses.url(&format!("/lazy-static/storyboards/{}.jpg", board.blob)),
        width: board.total_width,
        height: board.total_height,
        tile_width: board.sprite_width,
        tile_height: board.sprite_height,
        // Whole seconds are all that others read.
        tile_s: (board.sprite_ms / 1_000).max(1),
    })
}

/// Width by height, to four places.
fn aspect_ratio(footage: &Footage) -> Option<f64> {
    let (width, height) = (f64::from(footage.width), f64::from(footage.height));
    (height > 0.0).then(|| (width / height * 10_000.0).round() / 10_000.0)
}
