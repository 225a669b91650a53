//! A caption: subtitles of a video in one language.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::Id;
use crate::picture::BlobName;
use crate::video::Video;

/// A WebVTT file of a video: at most one for each language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caption {
    /// Which video.
    pub video: Id<Video>,
    /// The language, a code of [`crate::video::LANGUAGES`].
    pub language: String,
    /// The WebVTT file.
    pub blob: BlobName,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it last changed.
    pub updated_at: Timestamp,
}
