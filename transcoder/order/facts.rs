//! What probing finds in a file.

use serde::{Deserialize, Serialize};

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The demuxer's name: `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: String,
    /// Length in microseconds.
    pub duration_us: u64,
    /// When the first stream begins, in microseconds; may be negative.
    pub start_us: i64,
    /// The moving picture, if there is one.
    pub picture: Option<PictureFacts>,
    /// A still picture that came along (cover art): only looked at when there is no moving one.
    pub has_cover: bool,
    /// The sound tracks, in order; the first is used.
    pub audio: Vec<AudioFacts>,
    /// Whether the source can be packed as it is.
    pub copyable: Copyable,
}

/// What is known of the moving picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureFacts {
    /// The codec's name: `h264`.
    pub codec: String,
    /// Width in pixels as displayed: after rotation and with square pixels.
    pub width: u32,
    /// Height in pixels as displayed.
    pub height: u32,
    /// Clockwise rotation that players apply, in degrees: 0, 90, 180, 270.
    pub rotation: u16,
    /// Pictures a second on average, in thousandths.
    pub fps_milli: u32,
    /// Bits of each sample: 8, 10, 12.
    pub bit_depth: u8,
    /// True if brightness is coded by PQ or HLG.
    pub hdr: bool,
    /// The longest time between keyframes, in microseconds, as far as the index tells.
    pub keyframe_gap_us: u64,
    /// Bits per second, 0 if unknown.
    pub rate_bps: u64,
}

/// What is known of a sound track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioFacts {
    /// The codec's name: `aac`.
    pub codec: String,
    /// Channels: 1 mono, 2 stereo, 6 for 5.1.
    pub channels: u16,
    /// Samples a second.
    pub sample_rate: u32,
    /// The language, ISO 639-2, if it is said.
    pub language: Option<String>,
}

/// Whether a source can be packed without encoding it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "copyable", rename_all = "kebab-case")]
pub enum Copyable {
    /// H.264 up to High, 8 bit 4:2:0, upright, keyframes at most 10 s apart, AAC or no sound.
    Yes,
    /// Why not.
    No {
        /// In a few words.
        reason: String,
    },
}
