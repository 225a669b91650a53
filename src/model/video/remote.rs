//! Videos that live on other servers.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::actor::RemotePicture;
use crate::clock::Timestamp;
use crate::host::Host;

/// A file of a video on another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFile {
    /// Where it lies.
    pub url: Url,
    /// Height in pixels; 0 for sound alone.
    pub height: u32,
    /// Width in pixels, if its server says.
    pub width: Option<u32>,
    /// Pictures a second, if its server says.
    pub fps: Option<u32>,
    /// Its size in bytes, if its server says.
    pub bytes: Option<u64>,
    /// Its media type.
    pub media_type: String,
    /// Its torrent, if there is one.
    pub torrent: Option<Url>,
    /// Its magnet link, if there is one.
    pub magnet: Option<String>,
}

/// A manifest of segments on another server, as its ActivityPub object vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteManifest {
    /// Where it lies.
    pub url: Url,
    /// SHA-256 of the document.
    pub sha256: [u8; 32],
    /// Its size in bytes.
    pub bytes: u64,
}

/// HLS on another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteHls {
    /// The multivariant playlist.
    pub playlist: Url,
    /// The hashes of its segments, JSON.
    pub segments_sha256: Option<Url>,
    /// One file for each rendition.
    pub files: Vec<RemoteFile>,
}

/// Captions on another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteCaption {
    /// The language, a BCP 47 tag.
    pub language: String,
    /// Where they lie, WebVTT.
    pub url: Url,
}

/// Where a video lives and what is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteVideo {
    /// Its ActivityPub id.
    pub uri: Url,
    /// Its server.
    pub host: Host,
    /// Its watch page.
    pub url: Option<Url>,
    /// Its player for other pages.
    pub embed: Option<Url>,
    /// Its pictures, largest first.
    pub thumbnails: Vec<RemotePicture>,
    /// Its HLS, if it has.
    pub hls: Option<RemoteHls>,
    /// Its whole files.
    pub files: Vec<RemoteFile>,
    /// Its captions.
    pub captions: Vec<RemoteCaption>,
    /// Trackers of its torrents.
    pub trackers: Vec<String>,
    /// Its comments, a collection.
    pub comments: Option<Url>,
    /// Its shares, a collection.
    pub shares: Option<Url>,
    /// Its likes, a collection.
    pub likes: Option<Url>,
    /// Its dislikes, a collection.
    pub dislikes: Option<Url>,
    /// True while it is sent live.
    pub live: bool,
    /// When it was last fetched.
    pub fetched_at: Timestamp,
    /// What its segments hash to, if its server says: what its viewers help each other by.
    pub manifest: Option<RemoteManifest>,
}
