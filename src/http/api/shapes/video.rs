//! Videos: as lists show them, and whole.

use std::fmt::Write as _;

use kinora_media::torrent;
use kinora_model::picture::Picture;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::lists::{category_label, language_label, licence_label};
use kinora_model::video::{self, Counts, Privacy, RemoteFile, RemoteHls, VideoState, short_uuid};
use kinora_service::listing::Card;
use kinora_service::{markdown, videos};
use serde::Serialize;
use utoipa::ToSchema;

use super::actor;
use super::swarm::Swarm;
use crate::config::Config;
use crate::problem::Problem;
use crate::server::App;

/// How much of a description lists show, in characters.
const TRUNCATED_CHARS: usize = 250;

/// The picture shown while a video has none of its own.
const NO_PICTURE: &str = "/static/no-picture.svg";

/// A number or code with its English word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = LabelledNumber)]
pub struct Labelled<T> {
    /// The number or code; `null` if nothing was said.
    pub id: T,
    /// The word.
    pub label: &'static str,
}

fn category(number: Option<u8>) -> Labelled<Option<u8>> {
    Labelled { id: number, label: number.and_then(category_label).unwrap_or("Unknown") }
}

fn licence(number: Option<u8>) -> Labelled<Option<u8>> {
    Labelled { id: number, label: number.and_then(licence_label).unwrap_or("Unknown") }
}

fn language(code: Option<&str>) -> Labelled<Option<String>> {
    let label = code.and_then(language_label).unwrap_or("Unknown");
    Labelled { id: code.map(str::to_owned), label }
}

fn privacy(privacy: Privacy) -> Labelled<u8> {
    Labelled { id: privacy.number(), label: privacy.label() }
}

/// PeerTube's states: 1 published, 2 to transcode, 7 transcoding failed.
fn state(state: VideoState) -> Labelled<u8> {
    match state {
        VideoState::Published => Labelled { id: 1, label: "Published" },
        VideoState::Processing => Labelled { id: 2, label: "To transcode" },
        VideoState::Failed => Labelled { id: 7, label: "Transcoding failed" },
    }
}

/// What lists and pages show of a video alike.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoFacts)]
pub struct Facts {
    /// Its number.
    pub id: u64,
    /// Its public name.
    pub uuid: String,
    /// The same in 22 characters.
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
    /// What names it everywhere.
    pub url: String,
    /// The title.
    pub name: String,
    /// What it is about.
    pub category: Labelled<Option<u8>>,
    /// What others may do with it.
    pub licence: Labelled<Option<u8>>,
    /// The language spoken.
    pub language: Labelled<Option<String>>,
    /// Who may see it.
    pub privacy: Labelled<u8>,
    /// True if it is not for everyone's eyes.
    pub nsfw: bool,
    /// Why: 1 violence, 2 shock, 4 sex, added up.
    pub nsfw_flags: u32,
    /// Why, in words.
    pub nsfw_summary: Option<String>,
    /// The beginning of the description, without markup.
    pub truncated_description: Option<String>,
    /// The whole description, markdown; lists leave it out.
    pub description: Option<String>,
    /// True for videos of this node.
    pub is_local: bool,
    /// Length in seconds.
    pub duration: u64,
    /// Width by height.
    pub aspect_ratio: Option<f64>,
    /// Times watched.
    pub views: u64,
    /// Who is watching now.
    pub viewers: usize,
    /// Likes.
    pub likes: u64,
    /// Dislikes.
    pub dislikes: u64,
    /// The small picture.
    pub thumbnail_path: String,
    /// The large picture.
    pub preview_path: String,
    /// The page to embed.
    pub embed_path: String,
    /// When the upload ended.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// When it could first be watched.
    pub published_at: Option<String>,
    /// When it first appeared anywhere.
    pub originally_published_at: Option<String>,
    /// True while it is sent live, by another server.
    pub is_live: bool,
    /// How many comments are shown.
    pub comments: u64,
    /// How often it was shared.
    pub shares: u64,
}

impl Facts {
    /// A video of which `counts` are counted and that `viewers` watch now.
    #[must_use]
    pub fn of(config: &Config, video: &video::Video, counts: &Counts, viewers: usize) -> Self {
        let words = &video.words;
        let text = words.description.as_ref().filter(|text| !text.is_empty());
        let none = || match &video.remote {
            // Asking for it fetches it.
            Some(remote) if !remote.thumbnails.is_empty() => {
                format!("/lazy-static/remote/videos/{}.jpg", video.id)
            }
            _ => NO_PICTURE.to_owned(),
        };
        let picture = |folder: &str, picture: Option<&Picture>| {
            let path = |picture: &Picture| format!("/lazy-static/{folder}/{}.jpg", picture.blob);
            picture.map_or_else(none, path)
        };
        let thumbnail = video.thumbnail.as_ref();
        let short = short_uuid(video.uuid);
        Self {
            id: video.id.raw(),
            uuid: video.uuid.to_string(),
            url: video.remote.as_ref().map_or_else(
                || config.url(&format!("/videos/watch/{}", video.uuid)),
                |remote| remote.uri.to_string(),
            ),
            name: words.title.to_string(),
            category: category(words.category),
            licence: licence(words.licence),
            language: language(words.language.as_deref()),
            privacy: privacy(words.privacy),
            nsfw: words.sensitive,
            nsfw_flags: words.sensitive_flags,
            nsfw_summary: words.sensitive_summary.as_ref().map(ToString::to_string),
            truncated_description: text.map(|text| markdown::plain(text.as_str(), TRUNCATED_CHARS)),
            description: None,
            is_local: video.is_local(),
            duration: video.footage.as_ref().map_or(0, |it| it.duration_ms.div_ceil(1_000)),
            aspect_ratio: video.footage.as_ref().and_then(aspect_ratio),
            views: counts.views,
            viewers,
            likes: counts.likes,
            dislikes: counts.dislikes,
            thumbnail_path: picture("thumbnails", thumbnail.map(|it| &it.small)),
            preview_path: picture("previews", thumbnail.map(|it| &it.large)),
            embed_path: format!("/videos/embed/{short}"),
            short_uuid: short,
            created_at: video.created_at.to_string(),
            updated_at: video.updated_at.to_string(),
            published_at: video.published_at.map(|at| at.to_string()),
            originally_published_at: words.originally_published_at.map(|at| at.to_string()),
            is_live: video.remote.as_ref().is_some_and(|remote| remote.live),
            comments: counts.comments,
            shares: counts.shares,
        }
    }
}

/// A video in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Video {
    /// What lists and pages show alike.
    #[serde(flatten)]
    pub facts: Facts,
    /// Whose it is.
    pub account: actor::Summary,
    /// Where it is published.
    pub channel: actor::Summary,
    /// How far it is; told to its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Labelled<u8>>,
    /// Whether it waits for all renditions; told to its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_transcoding: Option<bool>,
}

impl Video {
    /// A video as everyone's lists show it.
    #[must_use]
    pub fn of(app: &App, card: &Card) -> Self {
        let (service, id) = (&app.service, card.video.id);
        let unwritten = service.views.unwritten(id);
        let counts = Counts { views: card.counts.views.saturating_add(unwritten), ..card.counts };
        let viewers = service.views.present(id, service.now());
        Self {
            facts: Facts::of(&app.config, &card.video, &counts, viewers),
            account: actor::Summary::account(&app.config, &card.account),
            channel: actor::Summary::channel(&app.config, &card.channel),
            state: None,
            wait_transcoding: None,
        }
    }

    /// Writes a video as everyone's lists show it. All but the views of this moment is written once for each card.
    pub(crate) fn write(app: &App, card: &Card, into: &mut String) {
        let [head, tail] = card.rendered.get_or_init(|| Self::halves(app, card));
        let (service, id) = (&app.service, card.video.id);
        let views = card.counts.views.saturating_add(service.views.unwritten(id));
        let viewers = service.views.present(id, service.now());
        into.push_str(head);
        // Writing into a string cannot fail.
        let _written = write!(into, "{views},\"viewers\":{viewers}");
        into.push_str(tail);
    }

    /// The JSON of a video before and after its views. Quotes within a text are escaped, so that no title can look like
    /// the field.
    fn halves(app: &App, card: &Card) -> [Box<str>; 2] {
        const VIEWS: &str = "\"views\":";
        const FIELDS: &str = "\"views\":0,\"viewers\":0";
        let mut shown = Self::of(app, card);
        (shown.facts.views, shown.facts.viewers) = (0, 0);
        let json = serde_json::to_string(&shown).unwrap_or_default();
        let (head, tail) = json.split_once(FIELDS).unwrap_or((&json, ""));
        [format!("{head}{VIEWS}").into(), tail.into()]
    }

    /// A video as its owner's list shows it.
    #[must_use]
    pub fn of_owner(app: &App, card: &Card) -> Self {
        Self {
            state: Some(state(card.video.state)),
            wait_transcoding: Some(card.video.words.wait_transcoding),
            ..Self::of(app, card)
        }
    }
}

/// Width by height, to four places.
fn aspect_ratio(footage: &video::Footage) -> Option<f64> {
    let (width, height) = (f64::from(footage.width), f64::from(footage.height));
    (height > 0.0).then(|| (width / height * 10_000.0).round() / 10_000.0)
}

/// A whole video.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoDetails)]
pub struct Details {
    /// What lists and pages show alike.
    #[serde(flatten)]
    pub facts: Facts,
    /// Whose it is.
    pub account: actor::Account,
    /// Where it is published.
    pub channel: actor::Channel,
    /// Never true.
    pub blacklisted: bool,
    /// Never said.
    pub blacklisted_reason: Option<String>,
    /// Its playlists; none before there is something to play.
    pub streaming_playlists: Vec<Playlist>,
    /// The file of each rendition.
    pub files: Vec<File>,
    /// None: there are no live videos yet.
    pub live_schedules: Vec<String>,
    /// How to support the creator, markdown.
    pub support: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Who may comment.
    pub comments_policy: Labelled<u8>,
    /// Whether its files are offered for download.
    pub download_enabled: bool,
    /// Whether its viewers may give it to each other.
    pub peers_enabled: bool,
    /// Whether it waits for all renditions.
    pub wait_transcoding: bool,
    /// Never: files are not replaced yet.
    pub input_file_updated_at: Option<String>,
    /// How far it is.
    pub state: Labelled<u8>,
    /// Trackers of its torrents: none for those of this node, which are found by their web seed.
    pub tracker_urls: Vec<String>,
    /// What viewers share by; `null` if they do not.
    pub swarm: Option<Swarm>,
}

impl Details {
    /// A whole video with its renditions and what viewers share it by.
    ///
    /// # Errors
    /// 500 if the store cannot be read.
    pub async fn shared(app: &App, details: &videos::Details) -> Result<Self, Problem> {
        let swarm = Swarm::of(app, &details.video).await?;
        Ok(Self { swarm, ..Self::of(&app.config, details) })
    }

    /// A whole video with its renditions.
    #[must_use]
    pub fn of(config: &Config, details: &videos::Details) -> Self {
        let (video, renditions) = (&details.video, &details.renditions);
        let words = &video.words;
        let facts = Facts {
            description: words.description.as_ref().map(ToString::to_string),
            ..Facts::of(config, video, &details.counts, details.viewers)
        };
        let ready = |rendition: &&Rendition| rendition.state == RenditionState::Ready;
        let mut ready: Vec<_> = renditions.iter().filter(ready).collect();
        ready.sort_by_key(|rendition| std::cmp::Reverse(rendition.resolution));
        let made: Vec<_> =
            ready.iter().map(|rendition| File::of(config, video, rendition)).collect();
        let mut files = made.clone();
        let remote = video.remote.as_ref();
        let elsewhere =
            remote.and_then(|it| it.hls.as_ref()).map(|it| Playlist::elsewhere(video, it));
        if let Some(remote) = remote {
            files
                .extend(remote.files.iter().zip(0..).map(|(it, place)| File::elsewhere(it, place)));
        } else if files.is_empty() {
            // Apps wait for a torrent's address before they call an upload done.
            files.push(File::awaited(config, video, renditions.first()));
        }
        let playable = video.state == VideoState::Published && !ready.is_empty();
        Self {
            account: actor::Account::of(config, &details.account),
            channel: actor::Channel::of(config, &details.channel, Some(&details.account)),
            blacklisted: false,
            blacklisted_reason: None,
            streaming_playlists: playable
                .then(|| Playlist::of(config, details, made))
                .or(elsewhere)
                .into_iter()
                .collect(),
            files,
            live_schedules: Vec::new(),
            support: words.support.as_ref().map(ToString::to_string),
            tags: words.tags.iter().map(ToString::to_string).collect(),
            comments_policy: Labelled {
                id: words.comments.number(),
                label: words.comments.label(),
            },
            download_enabled: words.download,
            peers_enabled: words.peers,
            wait_transcoding: words.wait_transcoding,
            input_file_updated_at: None,
            state: state(video.state),
            tracker_urls: remote.map(|remote| remote.trackers.clone()).unwrap_or_default(),
            swarm: None,
            facts,
        }
    }
}

/// The HLS playlist of a video.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoStreamingPlaylist)]
pub struct Playlist {
    /// The number of the video again: it has one playlist.
    pub id: u64,
    /// 1: HLS.
    #[serde(rename = "type")]
    pub kind: u8,
    /// The multivariant playlist.
    pub playlist_url: String,
    /// The hashes of all segments.
    pub segments_sha256_url: String,
    /// Copies on other servers.
    pub redundancies: Vec<Redundancy>,
    /// The file of each rendition.
    pub files: Vec<File>,
}

/// A copy of the HLS folder of a video on another server.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoRedundancy)]
pub struct Redundancy {
    /// The address of the folder.
    pub base_url: String,
}

impl Playlist {
    fn of(config: &Config, details: &videos::Details, files: Vec<File>) -> Self {
        let video = &details.video;
        let copies = details.mirrors.iter();
        let folder = folder(video);
        Self {
            id: video.id.raw(),
            kind: 1,
            playlist_url: config.url(&format!("{folder}/master.m3u8")),
            segments_sha256_url: config.url(&format!("{folder}/segments-sha256.json")),
            redundancies: copies.map(|it| Redundancy { base_url: it.base.to_string() }).collect(),
            files,
        }
    }

    /// The playlist of a video that lives elsewhere.
    fn elsewhere(video: &video::Video, hls: &RemoteHls) -> Self {
        Self {
            id: video.id.raw(),
            kind: 1,
            playlist_url: hls.playlist.to_string(),
            segments_sha256_url: hls
                .segments_sha256
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            redundancies: Vec::new(),
            files: hls
                .files
                .iter()
                .zip(0..)
                .map(|(it, place)| File::elsewhere(it, place))
                .collect(),
        }
    }
}

/// The HLS folder of a video: hidden videos have theirs where PeerTube's clients send a token.
fn folder(video: &video::Video) -> String {
    let private = if video.words.privacy.is_open() { "" } else { "private/" };
    format!("/static/streaming-playlists/hls/{private}{}", video.uuid)
}

/// The file of a rendition.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoFile)]
pub struct File {
    /// The number of the rendition.
    pub id: u64,
    /// Its label: 720 and `720p`, 0 for sound alone.
    pub resolution: Resolution,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The magnet link of its torrent.
    pub magnet_uri: String,
    /// Size in bytes.
    pub size: u64,
    /// Pictures a second, rounded.
    pub fps: u32,
    /// The torrent.
    pub torrent_url: String,
    /// The torrent, to be kept.
    pub torrent_download_url: String,
    /// The file, to be played.
    pub file_url: String,
    /// The file, to be kept.
    pub file_download_url: String,
    /// Where clients of PeerTube ask for what probing found.
    pub metadata_url: Option<String>,
    /// Whether it has sound.
    pub has_audio: bool,
    /// Whether it has a picture.
    pub has_video: bool,
    /// The playlist of this rendition alone.
    pub playlist_url: Option<String>,
    /// 0: on this server's own disk.
    pub storage: u8,
}

/// The label of a rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Resolution {
    /// The number.
    pub id: u32,
    /// The word.
    pub label: String,
}

impl Resolution {
    /// The label of a number: 0 is sound alone.
    #[must_use]
    pub fn of(number: u32) -> Self {
        let label = if number == 0 { "Audio only".to_owned() } else { format!("{number}p") };
        Self { id: number, label }
    }
}

impl File {
    fn of(config: &Config, video: &video::Video, rendition: &Rendition) -> Self {
        let (uuid, resolution) = (video.uuid, rendition.resolution);
        let path = format!("{}/{uuid}-{resolution}-fragmented.mp4", folder(video));
        let torrent = config.url(&format!("/lazy-static/torrents/{uuid}-{resolution}-hls.torrent"));
        let seed = config.url(&path);
        let hash = rendition.torrent.as_ref().map(|torrent| torrent.info_hash.as_str());
        let magnet = match (torrent.parse(), seed.parse()) {
            (Ok(torrent), Ok(seed)) => {
                torrent::magnet(video.words.title.as_str(), hash, &torrent, &seed)
            }
            _ => String::new(),
        };
        Self {
            id: rendition.id.raw(),
            resolution: Resolution::of(resolution),
            width: rendition.width,
            height: rendition.height,
            magnet_uri: magnet,
            size: rendition.bytes,
            fps: rendition.fps_milli.saturating_add(500) / 1_000,
            torrent_url: torrent,
            torrent_download_url: config
                .url(&format!("/download/torrents/{uuid}-{resolution}-hls.torrent")),
            file_url: seed,
            file_download_url: config.url(&format!(
                "/download/streaming-playlists/hls/videos/{uuid}-{resolution}-fragmented.mp4"
            )),
            metadata_url: None,
            has_audio: rendition.has_audio,
            has_video: rendition.has_video,
            playlist_url: rendition
                .init
                .as_ref()
                .map(|_| config.url(&format!("{}/{}.m3u8", folder(video), rendition.id))),
            storage: 0,
        }
    }

    /// A file on another server, which gives its files no numbers.
    fn elsewhere(file: &RemoteFile, place: u64) -> Self {
        let torrent = file.torrent.as_ref().map(ToString::to_string).unwrap_or_default();
        Self {
            id: place,
            resolution: Resolution::of(file.height),
            width: file.width.unwrap_or(0),
            height: file.height,
            magnet_uri: file.magnet.clone().unwrap_or_default(),
            size: file.bytes.unwrap_or(0),
            fps: file.fps.unwrap_or(0),
            torrent_url: torrent.clone(),
            torrent_download_url: torrent,
            file_url: file.url.to_string(),
            file_download_url: file.url.to_string(),
            metadata_url: None,
            has_audio: true,
            has_video: file.height > 0,
            playlist_url: None,
            storage: 0,
        }
    }

    /// A file that is still to be made: its addresses hold, and answer 503 until then.
    fn awaited(config: &Config, video: &video::Video, planned: Option<&Rendition>) -> Self {
        let unknown = Rendition {
            id: kinora_model::id::Id::from_raw(video.id.raw()),
            video: video.id,
            rung: String::new(),
            resolution: 0,
            width: 0,
            height: 0,
            fps_milli: 0,
            copied: false,
            has_audio: false,
            has_video: false,
            codecs: String::new(),
            init: None,
            state: RenditionState::Waiting,
            segments: 0,
            bytes: 0,
            duration_us: 0,
            peak_bps: 0,
            average_bps: 0,
            torrent: None,
            created_at: video.created_at,
            updated_at: video.created_at,
        };
        Self::of(config, video, planned.unwrap_or(&unknown))
    }
}

/// A video that was just made.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VideoUploadResponse)]
pub struct Uploaded {
    /// The video.
    pub video: UploadedVideo,
}

/// What names a video that was just made.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadedVideo {
    /// Its number.
    pub id: u64,
    /// Its public name.
    pub uuid: String,
    /// The same in 22 characters.
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
}

impl Uploaded {
    /// The answer to the last part of an upload.
    #[must_use]
    pub fn of(video: &video::Video) -> Self {
        Self {
            video: UploadedVideo {
                id: video.id.raw(),
                uuid: video.uuid.to_string(),
                short_uuid: short_uuid(video.uuid),
            },
        }
    }
}
