//! What the node asks of the transcoder, and what it answers: one [`Request`] as a JSON line on stdin, [`Progress`] as JSON
//! lines on stdout, the last of them [`Progress::Outcome`].
//!
//! Media passes by path: the transcoder reads the input and writes into the scratch folder, and can touch nothing else.
//!
//! **Never:** opens a file, knows libav or the store.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

mod facts;
mod line;

pub use facts::{AudioFacts, Copyable, Facts, PictureFacts};
pub use line::{LINE_BYTES_MAX, LineError, read_line, write_line};

/// One process, one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is to be done.
    pub order: Order,
    /// What it may use.
    pub limits: Limits,
}

/// What one process may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Refuse to work unless Landlock and seccomp are both in force.
    pub require_sandbox: bool,
    /// CPU seconds after which the kernel ends the process (RLIMIT_CPU).
    pub cpu_s_max: u64,
    /// Virtual memory in bytes (RLIMIT_AS).
    pub memory_bytes_max: u64,
    /// The largest file it may write, in bytes (RLIMIT_FSIZE).
    pub file_bytes_max: u64,
    /// Threads of decoders, filters and encoders together; 0 lets libav choose.
    pub threads: u32,
    /// Niceness, 0 to 19.
    pub nice: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            require_sandbox: false,
            cpu_s_max: 24 * 60 * 60,
            memory_bytes_max: 8 << 30,
            file_bytes_max: 64 << 30,
            threads: 0,
            nice: 0,
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Say what is in a file: [`Outcome::Probed`].
    Probe {
        /// The file.
        input: PathBuf,
    },
    /// Pack the source's own H.264 and AAC into segments without encoding: reads at the speed of the disk, and reports
    /// [`Progress::Init`], [`Progress::Segment`]s and [`Progress::RungDone`]. Segments end at the first keyframe at or after
    /// [`SEGMENT_US`].
    Remux {
        /// The file.
        input: PathBuf,
        /// Where segments go: `<scratch>/<rung>/<sha256>.m4s`.
        scratch: PathBuf,
        /// The rung's name.
        rung: String,
    },
    /// Encode rungs, and make pictures, all out of one decode.
    Encode(Encode),
    /// Make pictures of a picture that a person sent.
    Image {
        /// The file: JPEG, PNG, WebP or GIF.
        input: PathBuf,
        /// What to make of it.
        sizes: Vec<ImageSize>,
        /// The most pixels (width times height) that are decoded; larger pictures are refused.
        pixels_max: u64,
    },
    /// Put init and segments together as an MP4 whose index comes first, without encoding.
    Join {
        /// The init segment and all media segments, in order.
        parts: Vec<PathBuf>,
        /// The file to write.
        output: PathBuf,
    },
}

/// How long a segment is at least, in microseconds (but for the last).
pub const SEGMENT_US: u64 = 4_000_000;

/// Rungs and pictures to make out of one decode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encode {
    /// The file.
    pub input: PathBuf,
    /// Where segments and pictures go: `<scratch>/<rung>/<sha256>.m4s`.
    pub scratch: PathBuf,
    /// What to encode; may be empty when only pictures are wanted.
    pub rungs: Vec<Rung>,
    /// When segments begin, in microseconds from the start of the video, as a remux reported them; empty to begin one every
    /// [`SEGMENT_US`].
    pub cuts_us: Vec<u64>,
    /// Pictures to choose a thumbnail from, spread over the video.
    pub thumbnails: u8,
    /// Thumbnail sizes: each candidate is made once in each, reported in this order.
    pub thumbnail_sizes: Vec<ThumbnailSize>,
    /// Sprites for seek previews.
    pub storyboard: Option<Storyboard>,
}

/// The size of a thumbnail: fits inside, keeps its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThumbnailSize {
    /// The most pixels across.
    pub width_max: u32,
    /// The most pixels down.
    pub height_max: u32,
}

/// One rung to encode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Its name, which is also the name of its folder: `[a-z0-9-]`.
    pub name: String,
    /// The picture; `None` for sound alone.
    pub picture: Option<PictureRung>,
    /// Bits per second of the sound, if the source has any.
    pub audio_bps: u64,
}

/// How the picture of a rung is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureRung {
    /// Width in pixels, even.
    pub width: u32,
    /// Height in pixels, even.
    pub height: u32,
    /// Pictures a second at most, in thousandths; slower sources keep their own rate.
    pub fps_milli_max: u32,
    /// x264's constant rate factor.
    pub crf: f32,
    /// The highest rate, in bits per second.
    pub rate_bps_max: u64,
    /// x264's rate buffer, in bits.
    pub buffer_bits: u64,
    /// x264's preset.
    pub preset: String,
}

/// Sprites for seek previews: one JPEG with rows of equal pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storyboard {
    /// Width of one sprite at most, in pixels.
    pub sprite_width_max: u32,
    /// Height of one sprite at most, in pixels.
    pub sprite_height_max: u32,
    /// The most sprites in all.
    pub sprites_max: u32,
    /// The least time between sprites, in milliseconds.
    pub interval_ms_min: u64,
}

/// A picture to make of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSize {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether it is cut to fill that size, or fits inside.
    pub fit: Fit,
    /// The JPEG to write.
    pub output: PathBuf,
}

/// How a picture meets a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Fills it; what sticks out is cut off evenly.
    Cover,
    /// Fits inside, keeps its shape; never enlarged.
    Inside,
}

/// A line on stdout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "kebab-case")]
pub enum Progress {
    /// The first line: what the process has locked itself into.
    Sandbox(Sandbox),
    /// Still at work; sent at least every two seconds.
    Heartbeat,
    /// How far a rung is, at most four times a second.
    Percent {
        /// The rung.
        rung: String,
        /// Microseconds of the video done.
        done_us: u64,
        /// Microseconds in all, as far as is known.
        total_us: u64,
    },
    /// The init segment of a rung is on disk.
    Init(Init),
    /// A segment is whole and on disk under its final name.
    Segment(Segment),
    /// All segments of a rung are made.
    RungDone {
        /// The rung.
        rung: String,
        /// How many segments.
        segments: u32,
        /// Microseconds in all.
        duration_us: u64,
    },
    /// A thumbnail candidate is made, one file for each size asked for.
    Thumbnail {
        /// Its place, from 0.
        index: u8,
        /// When in the video, in microseconds.
        at_us: u64,
        /// The JPEGs, in the order of the sizes.
        pictures: Vec<Picture>,
    },
    /// The storyboard is made.
    Storyboard {
        /// The JPEG.
        picture: Picture,
        /// Width of one sprite in pixels.
        sprite_width: u32,
        /// Height of one sprite in pixels.
        sprite_height: u32,
        /// How many sprites it holds.
        sprites: u32,
        /// Milliseconds that one sprite stands for.
        sprite_ms: u64,
    },
    /// The last line.
    Outcome(Outcome),
}

/// What a process has locked itself into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// How far Landlock is in force.
    pub landlock: Landlock,
    /// Whether the seccomp filter is in force.
    pub seccomp: bool,
}

impl Sandbox {
    /// True if nothing is missing.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.landlock == Landlock::Full && self.seccomp
    }
}

/// How far Landlock is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Landlock {
    /// Files, network and signals.
    Full,
    /// What this kernel knows of it.
    Partial,
    /// Not at all.
    None,
}

/// The init segment of a rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Init {
    /// The rung.
    pub rung: String,
    /// The file.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// RFC 6381: `avc1.64001f,mp4a.40.2`.
    pub codecs: String,
    /// Width in pixels as displayed; 0 for sound alone.
    pub width: u32,
    /// Height in pixels as displayed; 0 for sound alone.
    pub height: u32,
    /// Pictures a second, in thousandths; 0 for sound alone.
    pub fps_milli: u32,
    /// Whether it has sound.
    pub has_audio: bool,
}

/// A segment of a rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The rung.
    pub rung: String,
    /// Its place, from 0.
    pub index: u32,
    /// The file.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// When it begins, in microseconds from the start of the video.
    pub start_us: u64,
    /// How long it lasts, in microseconds.
    pub duration_us: u64,
}

/// A JPEG on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The file.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// All that was asked for is made.
    Done {
        /// The source was damaged: what could be read is there.
        damaged: bool,
        /// CPU milliseconds of the process, all threads.
        cpu_ms: u64,
    },
    /// What is in the file.
    Probed(Facts),
    /// The pictures asked for are made, in the order of the sizes.
    Pictures {
        /// The JPEGs.
        pictures: Vec<Picture>,
    },
    /// The input is at fault: trying again is useless.
    Refused {
        /// Why, as a stable word.
        code: Refusal,
        /// Why, in a sentence for the person who sent it.
        detail: String,
    },
    /// Something else went wrong: trying again may help.
    Failed {
        /// Why, as a stable word.
        code: Fault,
        /// Why, in a sentence for the log.
        detail: String,
    },
}

/// Why an input is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// No byte in it.
    Empty,
    /// No demuxer of the allowed ones knows it: text, an archive, a playlist, a script.
    NotMedia,
    /// Neither picture nor sound in it that can be decoded.
    NoStreams,
    /// Its end, or its index, is missing and nothing can be read.
    Truncated,
    /// More pixels, streams or time than anyone needs.
    TooLarge,
    /// It cannot be packed as asked (a remux of a source that is not copyable).
    NotCopyable,
}

impl Refusal {
    /// The word, as on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotMedia => "not-media",
            Self::NoStreams => "no-streams",
            Self::Truncated => "truncated",
            Self::TooLarge => "too-large",
            Self::NotCopyable => "not-copyable",
        }
    }
}

/// Why a process failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The disk is full.
    NoSpace,
    /// The sandbox that was required is not to be had.
    NoSandbox,
    /// The request cannot be read, or asks for what cannot be.
    BadRequest,
    /// libav said no.
    Libav,
    /// A file could not be read or written.
    Io,
}
