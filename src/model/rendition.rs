//! Renditions and segments: what the rungs of the ladder became.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::Id;
use crate::picture::BlobName;
use crate::video::Video;

/// How far a rendition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RenditionState {
    /// Planned; nothing made yet.
    Waiting,
    /// Segments are being made; none of it is listed in playlists yet unless the video has nothing else.
    Running,
    /// Whole.
    Ready,
    /// Given up.
    Failed,
}

/// One quality of a video: an init segment and media segments, cut at the same times as its sisters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendition {
    /// Its number; also PeerTube's file id.
    pub id: Id<Rendition>,
    /// Of which video.
    pub video: Id<Video>,
    /// The rung's name, unique within the video: `720p`, `audio`.
    pub rung: String,
    /// The label number: 720 for `720p` (the shorter side of the picture), 0 for sound alone.
    pub resolution: u32,
    /// Width in pixels, as displayed.
    pub width: u32,
    /// Height in pixels, as displayed.
    pub height: u32,
    /// Pictures a second, in thousandths.
    pub fps_milli: u32,
    /// True if the source's own stream was packed without encoding it again.
    pub copied: bool,
    /// True if it has sound.
    pub has_audio: bool,
    /// True if it has a picture.
    pub has_video: bool,
    /// RFC 6381 codecs: `avc1.64001f,mp4a.40.2`. Empty until the init segment exists.
    pub codecs: String,
    /// The init segment.
    pub init: Option<Init>,
    /// How far it is.
    pub state: RenditionState,
    /// How many segments are in the store.
    pub segments: u32,
    /// Bytes of init and all segments.
    pub bytes: u64,
    /// Length of all segments, in microseconds.
    pub duration_us: u64,
    /// The rate of the heaviest segment, in bits per second (BANDWIDTH).
    pub peak_bps: u64,
    /// The rate over all, in bits per second (AVERAGE-BANDWIDTH).
    pub average_bps: u64,
    /// The torrent of the rendition's file, once it is whole.
    pub torrent: Option<Torrent>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The init segment (CMAF header) of a rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Init {
    /// Its bytes.
    pub blob: BlobName,
    /// How many.
    pub bytes: u64,
}

/// The BitTorrent description of a rendition's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Torrent {
    /// The `.torrent` file.
    pub blob: BlobName,
    /// Its size in bytes.
    pub bytes: u64,
    /// The info hash (BEP 3), 40 hex digits.
    pub info_hash: String,
}

/// A few seconds of a rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Of which rendition.
    pub rendition: Id<Rendition>,
    /// Of which video: playlists and permission ask by video.
    pub video: Id<Video>,
    /// Its place, from 0.
    pub index: u32,
    /// Its bytes.
    pub blob: BlobName,
    /// How many.
    pub bytes: u64,
    /// When it begins, in microseconds from the start of the video.
    pub start_us: u64,
    /// How long it lasts, in microseconds.
    pub duration_us: u64,
}
