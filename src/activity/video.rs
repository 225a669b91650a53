//! Videos, in the words that PeerTube began and that Mastodon, Lemmy, Mbin and GoToSocial read as far as they need.
//!
//! What is written satisfies all of them at once: `attributedTo` as objects (Lemmy and Mbin read no bare list, PeerTube reads both),
//! the person first (Mastodon and GoToSocial take the first), the page for people as first address (Mastodon's card), no
//! media among the attachments (they would keep the card away), HTML with markdown as its source.

use serde_json::{Map, Value, json};
use url::Url;

use crate::actor::{ActorKind, Image, page, put, put_moment, put_url};
use crate::context;
use crate::lenient::{self, Unreadable};
use crate::note::{CONTENT_CHARS_MAX, TAGS_MAX, source};
use crate::verb::Audience;

/// The most links of a video that are looked at.
pub const LINKS_MAX: usize = 200;

/// The most files of a video, and of its playlist, that are read.
pub const FILES_MAX: usize = 32;

/// The most captions that are read.
pub const CAPTIONS_MAX: usize = 100;

/// The most characters of a title.
pub const NAME_CHARS_MAX: usize = 500;

/// A number or code with its name in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// PeerTube's number, or a code.
    pub identifier: String,
    /// In English.
    pub name: String,
}

/// Somebody a video is by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Who.
    pub id: Url,
    /// What kind, if it is said.
    pub kind: Option<ActorKind>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it lies.
    pub url: Url,
    /// Its media type.
    pub media_type: String,
    /// Height in pixels; 0 for sound alone.
    pub height: u32,
    /// Width in pixels, if it is said.
    pub width: Option<u32>,
    /// Pictures a second, if it is said.
    pub fps: Option<u32>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Whether it has a picture and sound, if it is said.
    pub tracks: Option<Tracks>,
    /// Its torrent.
    pub torrent: Option<Url>,
    /// Its magnet link.
    pub magnet: Option<String>,
}

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracks {
    /// Sound.
    pub audio: bool,
    /// A picture.
    pub video: bool,
}

/// HLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hls {
    /// The multivariant playlist.
    pub playlist: Url,
    /// The hashes of its segments, JSON: PeerTube's players check them.
    pub segments_sha256: Option<Url>,
    /// What PeerTube's players find each other by, one a rendition.
    pub infohashes: Vec<String>,
    /// One file a rendition.
    pub files: Vec<File>,
}

/// Captions in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// The language, a BCP 47 tag.
    pub language: String,
    /// Its name in English.
    pub name: String,
    /// Where they lie, WebVTT.
    pub url: Url,
    /// True if a program wrote them.
    pub generated: bool,
}

/// Sprites for previews while seeking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storyboard {
    /// The picture with all of them.
    pub url: Url,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// The width of one in pixels.
    pub tile_width: u32,
    /// The height of one in pixels.
    pub tile_height: u32,
    /// How long one stands for, in seconds.
    pub tile_s: u64,
}

/// Where the hashes of all segments stand (docs/p2p-protocol.md, 1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The document, on the video's own server.
    pub url: Url,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Its size in bytes.
    pub size: u64,
}

/// A video.
#[derive(Clone, Debug, PartialEq)]
pub struct Video {
    /// Its id.
    pub id: Url,
    /// Its uuid; servers other than PeerTube's have none.
    pub uuid: Option<String>,
    /// The title.
    pub name: String,
    /// The description; HTML that nobody has cleaned yet, unless it is only there as markdown.
    pub content: Option<String>,
    /// The description as it was typed, markdown.
    pub source: Option<String>,
    /// What warns of it.
    pub summary: Option<String>,
    /// True if it is not for everyone's eyes.
    pub sensitive: bool,
    /// What is sensitive in it (PeerTube's `SensitiveTag`s: 1 violence, 2 shock, 4 sex, added up).
    pub sensitive_flags: u32,
    /// When it was published, in milliseconds since 1970.
    pub published: Option<i64>,
    /// When it last changed, in milliseconds since 1970.
    pub updated: Option<i64>,
    /// When it first appeared anywhere, in milliseconds since 1970.
    pub originally_published: Option<i64>,
    /// Length in seconds.
    pub duration_s: u64,
    /// Times watched, as its server says.
    pub views: u64,
    /// Who made it and where it is published: the person first.
    pub attributed_to: Vec<Author>,
    /// The group it is for.
    pub audience: Option<Url>,
    /// What it is about.
    pub category: Option<Labelled>,
    /// What others may do with it.
    pub licence: Option<Labelled>,
    /// The language spoken.
    pub language: Option<Labelled>,
    /// Its hashtags, without `#`.
    pub tags: Vec<String>,
    /// Who may comment (PeerTube: 1 everybody, 2 nobody, 3 whom the owner lets).
    pub comments_policy: u8,
    /// Whether its files are offered for download.
    pub download_enabled: bool,
    /// Whether it waits for all renditions.
    pub wait_transcoding: bool,
    /// How far it is (PeerTube: 1 published).
    pub state: Option<u8>,
    /// How to support its creator, markdown.
    pub support: Option<String>,
    /// Its pictures.
    pub icons: Vec<Image>,
    /// Its page, for people.
    pub watch_url: Option<Url>,
    /// Its player for other pages.
    pub embed_url: Option<Url>,
    /// HLS.
    pub hls: Option<Hls>,
    /// Whole files.
    pub files: Vec<File>,
    /// Trackers of its torrents.
    pub trackers: Vec<String>,
    /// Captions.
    pub captions: Vec<Caption>,
    /// What its segments hash to.
    pub manifest: Option<Manifest>,
    /// Previews for seeking.
    pub storyboard: Option<Storyboard>,
    /// Width by height.
    pub aspect_ratio: Option<f64>,
    /// Who likes it.
    pub likes: Option<Url>,
    /// Who dislikes it.
    pub dislikes: Option<Url>,
    /// What was said of it.
    pub comments: Option<Url>,
    /// Who spread it.
    pub shares: Option<Url>,
    /// Its chapters.
    pub has_parts: Option<Url>,
    /// Where what was said on it is collected (FEP-7888).
    pub context: Option<Url>,
    /// True while it is sent live.
    pub live: bool,
    /// True if it is for everybody.
    pub public: bool,
    /// For whom.
    pub to: Vec<Url>,
    /// For whom else.
    pub cc: Vec<Url>,
}

/// The media type of manifests (docs/p2p-protocol.md, 1.3).
const MANIFEST: &str = "application/vnd.kinora.manifest+json";

/// What a multihash of 32 bytes of SHA-256 begins with.
const SHA2_256: [u8; 2] = [0x12, 0x20];

/// What PeerTube calls each bit of `sensitive_flags`.
const SENSITIVE: [(u32, &str); 3] = [(1, "violent"), (2, "shocking"), (4, "sex")];

impl Video {
    /// A video of which only what it must have is known.
    #[must_use]
    pub const fn new(id: Url, name: String) -> Self {
        Self {
            id,
            uuid: None,
            name,
            content: None,
            source: None,
            summary: None,
            sensitive: false,
            sensitive_flags: 0,
            published: None,
            updated: None,
            originally_published: None,
            duration_s: 0,
            views: 0,
            attributed_to: Vec::new(),
            audience: None,
            category: None,
            licence: None,
            language: None,
            tags: Vec::new(),
            comments_policy: 1,
            download_enabled: true,
            wait_transcoding: false,
            state: Some(1),
            support: None,
            icons: Vec::new(),
            watch_url: None,
            embed_url: None,
            hls: None,
            files: Vec::new(),
            trackers: Vec::new(),
            captions: Vec::new(),
            manifest: None,
            storyboard: None,
            aspect_ratio: None,
            likes: None,
            dislikes: None,
            comments: None,
            shares: None,
            has_parts: None,
            context: None,
            live: false,
            public: true,
            to: Vec::new(),
            cc: Vec::new(),
        }
    }

    /// Reads a video.
    ///
    /// # Errors
    /// [`Unreadable`] if it is none, or without id or title.
    pub fn read(value: &Value) -> Result<Self, Unreadable> {
        let map = lenient::object(value)?;
        if !lenient::is_a(value, "Video") {
            return Err(Unreadable::Type(
                lenient::types_of(value).join(" ").chars().take(64).collect(),
            ));
        }
        let id = lenient::own_id(map)?;
        let collection = |name: &str| {
            map.get(name).and_then(lenient::id_of).filter(|it| it.origin() == id.origin())
        };
        let links = Links::read(map.get("url"));
        let markdown = map.get("mediaType").and_then(Value::as_str) == Some("text/markdown");
        let content = lenient::field(map, "content", CONTENT_CHARS_MAX);
        let tags = || lenient::many(map.get("tag")).take(TAGS_MAX);
        Ok(Self {
            uuid: lenient::text(map.get("uuid"), 64),
            name: lenient::field(map, "name", NAME_CHARS_MAX).ok_or(Unreadable::Field("name"))?,
            source: source(map).or_else(|| content.clone().filter(|_| markdown)),
            content: content.filter(|_| !markdown),
            summary: lenient::field(map, "summary", 2_000),
            sensitive: lenient::flag(map.get("sensitive")).unwrap_or(false),
            sensitive_flags: tags()
                .filter(|it| lenient::is_a(it, "SensitiveTag"))
                .map(sensitive_flag)
                .fold(0, |all, bit| all | bit),
            published: lenient::moment(map.get("published")),
            updated: lenient::moment(map.get("updated")),
            originally_published: lenient::moment(map.get("originallyPublishedAt")),
            duration_s: lenient::seconds(map.get("duration")).unwrap_or(0),
            views: lenient::number(map.get("views")).unwrap_or(0),
            attributed_to: lenient::many(map.get("attributedTo"))
                .filter_map(author)
                .take(8)
                .collect(),
            audience: map.get("audience").and_then(lenient::id_of),
            category: labelled(map.get("category")),
            licence: labelled(map.get("licence")),
            language: labelled(map.get("language")),
            tags: tags().filter(|it| lenient::is_a(it, "Hashtag")).filter_map(hashtag).collect(),
            comments_policy: comments_policy(map),
            download_enabled: lenient::flag(map.get("downloadEnabled")).unwrap_or(true),
            wait_transcoding: lenient::flag(map.get("waitTranscoding")).unwrap_or(false),
            state: lenient::number(map.get("state")).and_then(|it| u8::try_from(it).ok()),
            support: lenient::field(map, "support", CONTENT_CHARS_MAX),
            icons: Image::read_all(map.get("icon")),
            watch_url: page(map),
            embed_url: map.get("embedUrl").and_then(lenient::id_of),
            hls: links.hls,
            files: links.files,
            trackers: links.trackers,
            manifest: links.manifest.filter(|it| it.url.origin() == id.origin()),
            captions: lenient::many(map.get("subtitleLanguage"))
                .filter_map(caption)
                .take(CAPTIONS_MAX)
                .collect(),
            storyboard: lenient::many(map.get("preview")).find_map(storyboard),
            aspect_ratio: map
                .get("aspectRatio")
                .and_then(Value::as_f64)
                .filter(|it| (0.01..100.0).contains(it)),
            likes: collection("likes"),
            dislikes: collection("dislikes"),
            comments: collection("comments").or_else(|| collection("replies")),
            shares: collection("shares"),
            has_parts: collection("hasParts"),
            context: collection("context"),
            live: lenient::flag(map.get("isLiveBroadcast")).unwrap_or(false),
            public: lenient::is_public(value),
            to: lenient::recipients(map.get("to")),
            cc: lenient::recipients(map.get("cc")),
            id,
        })
    }

    /// Where it is published: the author that is said to be a group, else the audience, else the second author.
    #[must_use]
    pub fn channel(&self) -> Option<&Url> {
        let group = self.attributed_to.iter().find(|it| it.kind == Some(ActorKind::Group));
        let second = self.attributed_to.get(1).filter(|it| it.kind.is_none());
        group.map(|it| &it.id).or(self.audience.as_ref()).or(second.map(|it| &it.id))
    }

    /// Who made it: the first author that is no group.
    #[must_use]
    pub fn person(&self) -> Option<&Url> {
        let channel = self.channel();
        let mut people = self.attributed_to.iter().filter(|it| it.kind != Some(ActorKind::Group));
        people.find(|it| Some(&it.id) != channel).map(|it| &it.id)
    }

    /// Writes it, with its context.
    #[must_use]
    pub fn write(&self, audience: &Audience) -> Value {
        let mut map = Map::new();
        let mut set = |name: &str, value: Value| drop(map.insert(name.to_owned(), value));
        set("@context", context::activity());
        set("type", json!("Video"));
        set("id", json!(self.id));
        set("to", json!(audience.to));
        set("cc", json!(audience.cc));
        set("name", json!(self.name));
        set("duration", json!(format!("PT{}S", self.duration_s)));
        set("views", json!(self.views));
        set("sensitive", json!(self.sensitive));
        set("commentsPolicy", json!(self.comments_policy));
        set("commentsEnabled", json!(self.comments_policy != 2));
        set("downloadEnabled", json!(self.download_enabled));
        set("waitTranscoding", json!(self.wait_transcoding));
        set("isLiveBroadcast", json!(self.live));
        set("url", self.write_links());
        set("icon", self.icons.iter().map(Image::write).collect());
        let author = |it: &Author| match it.kind {
            Some(kind) => json!({ "type": kind.name(), "id": it.id }),
            None => json!(it.id),
        };
        set("attributedTo", self.attributed_to.iter().map(author).collect());
        let hashtag = |it: &String| json!({ "type": "Hashtag", "name": it });
        let flags = SENSITIVE.iter().filter(|(bit, _)| self.sensitive_flags & bit != 0);
        let flags = flags.map(|(_, name)| json!({ "type": "SensitiveTag", "name": name }));
        set("tag", self.tags.iter().map(hashtag).chain(flags).collect());
        set("subtitleLanguage", self.captions.iter().map(write_caption).collect());
        if let Some(content) = &self.content {
            set("content", json!(content));
            set("mediaType", json!("text/html"));
        }
        if let Some(source) = &self.source {
            set("source", json!({ "content": source, "mediaType": "text/markdown" }));
        }
        for (name, label) in
            [("category", &self.category), ("licence", &self.licence), ("language", &self.language)]
        {
            if let Some(label) = label {
                set(name, json!({ "identifier": label.identifier, "name": label.name }));
            }
        }
        if let Some(page) = &self.watch_url {
            // Lemmy and Mbin embed the first link, Mastodon makes its card of it.
            set("attachment", json!([{ "type": "Link", "href": page, "mediaType": "text/html" }]));
        }
        if let Some(icon) = self.icons.iter().max_by_key(|icon| icon.width) {
            set("image", icon.write());
        }
        if let Some(board) = &self.storyboard {
            set("preview", json!([write_storyboard(board)]));
        }
        // Whoever may comment may do so at once, or is asked to wait; quotes are free.
        let everybody = json!([lenient::PUBLIC]);
        let reply = match self.comments_policy {
            1 => json!({ "automaticApproval": everybody }),
            3 => json!({ "manualApproval": everybody }),
            _ => json!({ "automaticApproval": [self.attributed_to.first().map(|it| &it.id)] }),
        };
        set(
            "interactionPolicy",
            json!({ "canReply": reply, "canQuote": { "automaticApproval": everybody } }),
        );
        put(&mut map, "uuid", self.uuid.as_deref());
        put(&mut map, "summary", self.summary.as_deref());
        put(&mut map, "support", self.support.as_deref());
        put(&mut map, "state", self.state);
        put(&mut map, "aspectRatio", self.aspect_ratio);
        put_moment(&mut map, "published", self.published);
        put_moment(&mut map, "updated", self.updated);
        put_moment(&mut map, "originallyPublishedAt", self.originally_published);
        for (name, url) in [
            ("audience", &self.audience),
            ("embedUrl", &self.embed_url),
            ("likes", &self.likes),
            ("dislikes", &self.dislikes),
            ("shares", &self.shares),
            ("comments", &self.comments),
            ("replies", &self.comments),
            ("hasParts", &self.has_parts),
            ("context", &self.context),
        ] {
            put_url(&mut map, name, url.as_ref());
        }
        Value::Object(map)
    }

    fn write_links(&self) -> Value {
        let mut links = Vec::new();
        if let Some(page) = &self.watch_url {
            links.push(json!({ "type": "Link", "mediaType": "text/html", "href": page }));
        }
        links.push(json!({ "type": "Link", "mediaType": "text/html", "href": self.id }));
        for file in &self.files {
            links.extend(write_file(file));
        }
        if let Some(hls) = &self.hls {
            let mut tags: Vec<Value> = hls
                .infohashes
                .iter()
                .map(|hash| json!({ "type": "Infohash", "name": hash }))
                .collect();
            if let Some(hashes) = &hls.segments_sha256 {
                tags.push(json!({ "type": "Link", "name": "sha256", "mediaType": "application/json", "href": hashes }));
            }
            hls.files.iter().for_each(|file| tags.extend(write_file(file)));
            links.push(json!({ "type": "Link", "mediaType": "application/x-mpegURL", "href": hls.playlist, "tag": tags }));
        }
        links.extend(self.manifest.as_ref().map(Manifest::write));
        Value::Array(links)
    }
}

/// What PeerTube finds the renditions of a playlist by: `sha256` and `Infohash` tags, file links with height and size.
#[derive(Default)]
struct Links {
    hls: Option<Hls>,
    files: Vec<File>,
    trackers: Vec<String>,
    manifest: Option<Manifest>,
}

fn kind_of(link: &Value) -> &str {
    link.get("mediaType")
        .or_else(|| link.get("mimeType"))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn is_playlist(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("application/x-mpegURL")
        || kind.eq_ignore_ascii_case("application/vnd.apple.mpegurl")
}

impl Links {
    fn read(value: Option<&Value>) -> Self {
        let links: Vec<&Value> =
            lenient::many(value).filter(|it| it.is_object()).take(LINKS_MAX).collect();
        let playlist = links.iter().find(|it| is_playlist(kind_of(it)));
        let tracker =
            |it: &&&Value| lenient::many(it.get("rel")).any(|rel| rel.as_str() == Some("tracker"));
        let trackers =
            links.iter().filter(tracker).filter_map(|it| lenient::text(it.get("href"), 500));
        Self {
            hls: playlist.and_then(|it| hls(it)),
            trackers: trackers.take(16).collect(),
            files: files(&links),
            manifest: links.iter().find_map(|it| Manifest::read(it)),
        }
    }
}

impl Manifest {
    fn read(link: &Value) -> Option<Self> {
        if kind_of(link) != MANIFEST {
            return None;
        }
        let digest = lenient::text(link.get("digestMultibase"), 100)?;
        let multihash = bs58::decode(digest.strip_prefix('z')?).into_vec().ok()?;
        Some(Self {
            url: link.get("href").and_then(lenient::id_of)?,
            sha256: multihash.strip_prefix(&SHA2_256)?.try_into().ok()?,
            size: lenient::number(link.get("size"))?,
        })
    }

    fn write(&self) -> Value {
        let multihash = [&SHA2_256[..], &self.sha256].concat();
        json!({
            "type": "Link",
            "mediaType": MANIFEST,
            "href": self.url,
            "size": self.size,
            "digestMultibase": format!("z{}", bs58::encode(multihash).into_string()),
        })
    }
}

fn hls(link: &Value) -> Option<Hls> {
    let tags: Vec<&Value> = lenient::many(link.get("tag")).take(LINKS_MAX).collect();
    let sha256 = |it: &&&Value| it.get("name").and_then(Value::as_str) == Some("sha256");
    let infohash = |it: &&&Value| lenient::is_a(it, "Infohash");
    Some(Hls {
        playlist: link.get("href").and_then(lenient::id_of)?,
        segments_sha256: tags.iter().find(sha256).and_then(|it| lenient::id_of(it)),
        infohashes: tags
            .iter()
            .filter(infohash)
            .filter_map(|it| lenient::text(it.get("name"), 100))
            .take(FILES_MAX)
            .collect(),
        files: files(&tags),
    })
}

/// The files among links; the torrent and the magnet link of the same height and rate belong to them.
fn files(links: &[&Value]) -> Vec<File> {
    let media = |it: &&&Value| {
        let kind = kind_of(it);
        (kind.starts_with("video/") || kind.starts_with("audio/"))
            && it.get("rel").is_none_or(|rel| !rel.is_array())
    };
    let beside = |file: &Value, kind: &str| {
        let same = |it: &&&Value| {
            kind_of(it) == kind
                && it.get("height") == file.get("height")
                && it.get("fps") == file.get("fps")
        };
        links.iter().find(same).and_then(|it| lenient::text(it.get("href"), 8_192))
    };
    let file = |link: &&Value| {
        Some(File {
            url: link.get("href").and_then(lenient::id_of)?,
            media_type: kind_of(link).chars().take(100).collect(),
            height: lenient::small(link.get("height")).unwrap_or(0),
            width: lenient::small(link.get("width")),
            fps: lenient::small(link.get("fps")),
            size: lenient::number(link.get("size")),
            tracks: tracks(link),
            torrent: beside(link, "application/x-bittorrent").and_then(|it| lenient::url(&it)),
            magnet: beside(link, "application/x-bittorrent;x-scheme-handler/magnet")
                .filter(|it| it.starts_with("magnet:?")),
        })
    };
    links.iter().filter(media).filter_map(file).take(FILES_MAX).collect()
}

fn tracks(link: &Value) -> Option<Tracks> {
    let mut found = Tracks { audio: false, video: false };
    for it in lenient::many(link.get("attachment")).take(16) {
        match (it.get("name").and_then(Value::as_str), it.get("value").and_then(Value::as_str)) {
            (Some("ffprobe_codec_type"), Some("audio")) => found.audio = true,
            (Some("ffprobe_codec_type"), Some("video")) => found.video = true,
            _ => {}
        }
    }
    (found.audio || found.video).then_some(found)
}

fn write_file(file: &File) -> Vec<Value> {
    let described = |kind: &str, href: &str| {
        let mut map = Map::new();
        map.insert("type".to_owned(), json!("Link"));
        map.insert("mediaType".to_owned(), json!(kind));
        map.insert("href".to_owned(), json!(href));
        map.insert("height".to_owned(), json!(file.height));
        put(&mut map, "width", file.width);
        put(&mut map, "fps", file.fps);
        map
    };
    let mut main = described(&file.media_type, file.url.as_str());
    put(&mut main, "size", file.size);
    if let Some(tracks) = file.tracks {
        let has = |name: &str, value: &str| json!({ "type": "PropertyValue", "name": name, "value": value });
        let mut properties = Vec::new();
        properties.extend(tracks.audio.then(|| has("ffprobe_codec_type", "audio")));
        properties.extend(tracks.video.then(|| has("ffprobe_codec_type", "video")));
        properties.push(has("peertube_format_flag", "fragmented"));
        main.insert("attachment".to_owned(), Value::Array(properties));
    }
    let mut all = vec![Value::Object(main)];
    let torrent =
        file.torrent.as_ref().map(|it| described("application/x-bittorrent", it.as_str()));
    let magnet = file
        .magnet
        .as_ref()
        .map(|it| described("application/x-bittorrent;x-scheme-handler/magnet", it));
    all.extend(torrent.into_iter().chain(magnet).map(Value::Object));
    all
}

fn author(value: &Value) -> Option<Author> {
    let kind = lenient::types_of(value).first().and_then(|name| ActorKind::of(name));
    Some(Author { id: lenient::id_of(value)?, kind })
}

fn labelled(value: Option<&Value>) -> Option<Labelled> {
    let value = value?;
    if let Some(text) = value.as_str() {
        return Some(Labelled {
            identifier: text.chars().take(100).collect(),
            name: String::new(),
        });
    }
    let identifier = match value.get("identifier")? {
        Value::Number(number) => number.to_string(),
        other => lenient::text(Some(other), 100)?,
    };
    Some(Labelled { identifier, name: lenient::text(value.get("name"), 200).unwrap_or_default() })
}

fn hashtag(value: &Value) -> Option<String> {
    let name = lenient::text(value.get("name"), 200)?;
    Some(name.trim_start_matches('#').to_owned()).filter(|name| !name.is_empty())
}

fn sensitive_flag(value: &Value) -> u32 {
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
    SENSITIVE.iter().find(|(_, known)| *known == name).map_or(0, |(bit, _)| *bit)
}

/// PeerTube takes a missing policy for "nobody"; others say whether comments are enabled, or nothing.
fn comments_policy(map: &Map<String, Value>) -> u8 {
    match (lenient::number(map.get("commentsPolicy")), lenient::flag(map.get("commentsEnabled"))) {
        (Some(1), _) | (None, Some(true)) => 1,
        (Some(3), _) => 3,
        _ => 2,
    }
}

fn caption(value: &Value) -> Option<Caption> {
    let named = || lenient::many(value.get("url")).chain(lenient::many(value.get("href")));
    let vtt = |it: &&Value| it.is_string() || kind_of(it) == "text/vtt" || kind_of(it).is_empty();
    Some(Caption {
        language: lenient::text(value.get("identifier"), 20)?,
        name: lenient::text(value.get("name"), 100).unwrap_or_default(),
        url: named().find(vtt).and_then(lenient::id_of)?,
        generated: lenient::flag(value.get("automaticallyGenerated")).unwrap_or(false),
    })
}

fn write_caption(caption: &Caption) -> Value {
    json!({
        "identifier": caption.language,
        "name": caption.name,
        "automaticallyGenerated": caption.generated,
        "url": [{ "type": "Link", "mediaType": "text/vtt", "href": caption.url }],
    })
}

fn storyboard(value: &Value) -> Option<Storyboard> {
    let board = lenient::many(value.get("rel")).any(|rel| rel.as_str() == Some("storyboard"));
    let link = lenient::first(value.get("url")).filter(|_| board)?;
    let board = Storyboard {
        url: lenient::id_of(link)?,
        width: lenient::small(link.get("width"))?,
        height: lenient::small(link.get("height"))?,
        tile_width: lenient::small(link.get("tileWidth"))?,
        tile_height: lenient::small(link.get("tileHeight"))?,
        tile_s: lenient::seconds(link.get("tileDuration"))?,
    };
    let sound = board.tile_width > 0 && board.tile_height > 0 && board.tile_s > 0;
    (sound && board.width >= board.tile_width && board.height >= board.tile_height).then_some(board)
}

fn write_storyboard(board: &Storyboard) -> Value {
    json!({
        "type": "Image",
        "rel": ["storyboard"],
        "url": [{
            "mediaType": "image/jpeg",
            "href": board.url,
            "width": board.width,
            "height": board.height,
            "tileWidth": board.tile_width,
            "tileHeight": board.tile_height,
            "tileDuration": format!("PT{}S", board.tile_s),
        }],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn film() -> Video {
        let id = url("https://a.example/videos/watch/8a5ee3ad-74f9-4814-a483-204b12168ce1");
        let below = |name: &str| Some(url(&format!("{id}/{name}")));
        let label = |identifier: &str, name: &str| {
            Some(Labelled { identifier: identifier.to_owned(), name: name.to_owned() })
        };
        let file = File {
            url: url("https://a.example/720.mp4"),
            media_type: "video/mp4".to_owned(),
            height: 720,
            width: Some(1280),
            fps: Some(25),
            size: Some(1_000),
            tracks: Some(Tracks { audio: true, video: true }),
            torrent: Some(url("https://a.example/720.torrent")),
            magnet: Some("magnet:?xt=urn:btih:1".to_owned()),
        };
        let picture = Image {
            url: url("https://a.example/p.jpg"),
            media_type: Some("image/jpeg".to_owned()),
            width: Some(850),
            height: Some(480),
        };
        Video {
            uuid: Some("8a5ee3ad-74f9-4814-a483-204b12168ce1".to_owned()),
            content: Some("<p>Rain</p>".to_owned()),
            source: Some("Rain".to_owned()),
            sensitive: true,
            sensitive_flags: 5,
            published: Some(1_700_000_000_000),
            updated: Some(1_700_000_001_000),
            duration_s: 30,
            views: 7,
            attributed_to: vec![
                Author { id: url("https://a.example/accounts/ana"), kind: Some(ActorKind::Person) },
                Author {
                    id: url("https://a.example/video-channels/films"),
                    kind: Some(ActorKind::Group),
                },
            ],
            audience: Some(url("https://a.example/video-channels/films")),
            category: label("15", "Science & Technology"),
            licence: label("2", "Attribution - Share Alike"),
            language: label("en", "English"),
            tags: vec!["rain".to_owned()],
            comments_policy: 3,
            icons: vec![picture],
            watch_url: Some(url("https://a.example/w/i62jxtQaryK58uXd3Smqz8")),
            manifest: Some(Manifest {
                url: url("https://a.example/m.json"),
                sha256: [7; 32],
                size: 9,
            }),
            hls: Some(Hls {
                playlist: url("https://a.example/master.m3u8"),
                segments_sha256: Some(url("https://a.example/segments.json")),
                infohashes: vec!["abc".to_owned()],
                files: vec![file],
            }),
            captions: vec![Caption {
                language: "fr".to_owned(),
                name: "French".to_owned(),
                url: url("https://a.example/fr.vtt"),
                generated: false,
            }],
            storyboard: Some(Storyboard {
                url: url("https://a.example/b.jpg"),
                width: 1_920,
                height: 324,
                tile_width: 192,
                tile_height: 108,
                tile_s: 1,
            }),
            aspect_ratio: Some(1.7778),
            likes: below("likes"),
            comments: below("comments"),
            cc: vec![url("https://a.example/accounts/ana/followers")],
            ..Video::new(id.clone(), "Rain on the roof".to_owned())
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let followers = url("https://a.example/accounts/ana/followers");
        assert_eq!(Video::read(&film().write(&Audience::public(&[&followers]))).unwrap(), film());
    }

    /// The checks that PeerTube makes before it takes a video, and what Mastodon and Lemmy need.
    #[test]
    fn what_is_written_pleases_those_who_read_it() {
        let written = film().write(&Audience::public(&[]));
        assert_eq!(written["duration"], "PT30S");
        assert_eq!(written["url"][0]["mediaType"], "text/html");
        assert_eq!(written["attributedTo"][0]["type"], "Person");
        assert_eq!(written["attributedTo"][1]["type"], "Group");
        assert!(
            written["icon"].as_array().unwrap().iter().all(|it| it["mediaType"] == "image/jpeg"
                && it["width"].is_u64()
                && it["height"].is_u64())
        );
        assert_eq!(written["attachment"][0]["type"], "Link");
        assert_eq!(written["tag"][0]["name"], "rain");
        assert_eq!(written["mediaType"], "text/html");
    }

    #[test]
    fn authors_are_told_apart_in_all_their_forms() {
        let read = |attributed: Value, audience: Value| {
            let video = json!({ "type": "Video", "id": "https://a.example/1", "name": "x y z", "attributedTo": attributed, "audience": audience });
            let video = Video::read(&video).unwrap();
            (video.person().map(ToString::to_string), video.channel().map(ToString::to_string))
        };
        let (ana, films) = ("https://a.example/ana", "https://a.example/films");
        let both = (Some(ana.to_owned()), Some(films.to_owned()));
        assert_eq!(
            read(
                json!([{ "type": "Person", "id": ana }, { "type": "Group", "id": films }]),
                Value::Null
            ),
            both
        );
        assert_eq!(
            read(
                json!([{ "type": "Group", "id": films }, { "type": "Person", "id": ana }]),
                Value::Null
            ),
            both
        );
        assert_eq!(read(json!([ana, films]), Value::Null), both);
        assert_eq!(read(json!(ana), json!(films)), both);
        assert_eq!(read(json!(ana), Value::Null), (Some(ana.to_owned()), None));
    }

    #[test]
    fn there_are_bounds_to_everything() {
        let links: Vec<_> = (0..100_000).map(|n| json!({ "type": "Link", "mediaType": "video/mp4", "href": format!("https://a.example/{n}") })).collect();
        let video = json!({ "type": "Video", "id": "https://a.example/1", "name": "x".repeat(1 << 20), "url": links });
        let read = Video::read(&video).unwrap();
        assert_eq!((read.files.len(), read.name.chars().count()), (FILES_MAX, NAME_CHARS_MAX));
        assert!(Video::read(&json!({ "type": "Video", "id": "https://a.example/1" })).is_err());
        assert!(Video::read(&json!({ "type": "Note" })).is_err());
    }
}
