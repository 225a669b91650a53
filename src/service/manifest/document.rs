//! Manifests of other nodes, read.

use kinora_model::picture::BlobName;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use sha2::{Digest, Sha256};

use super::{RENDITIONS_MAX, SEGMENT_BYTES_MAX, SEGMENT_US_MAX, SEGMENTS_MAX};

/// The longest manifest, in bytes: one of [`SEGMENTS_MAX`] segments.
pub const MANIFEST_BYTES_MAX: usize = 25_000_000;

/// The longest name of a rendition and of its codecs.
const TEXT_BYTES_MAX: usize = 100;

/// What the segments of a video hash to, as another node says (docs/p2p-protocol.md, section 2).
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Document {
    version: u32,
    /// The video's uuid there.
    pub video: String,
    /// The renditions, in the order of their numbers.
    pub renditions: Vec<ListedRendition>,
}

/// A rendition that a manifest lists.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ListedRendition {
    /// What it is called: `720p`.
    pub name: String,
    /// In pixels; 0 for sound alone.
    #[serde(default)]
    pub width: u32,
    /// In pixels; 0 for sound alone.
    #[serde(default)]
    pub height: u32,
    /// Pictures a second.
    #[serde(default)]
    fps: f64,
    /// As RFC 6381 writes them.
    #[serde(default)]
    pub codecs: String,
    /// True if there is sound in it.
    #[serde(default)]
    pub audio: bool,
    /// Bits a second, at most.
    #[serde(default, rename = "peakBandwidth")]
    pub peak_bps: u64,
    /// Bits a second, on average.
    #[serde(default, rename = "averageBandwidth")]
    pub average_bps: u64,
    /// What players need first; `None` while the rendition is not whole.
    pub init: Option<ListedFile>,
    /// In order.
    pub segments: Vec<ListedSegment>,
}

/// A file that a manifest lists.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ListedFile {
    name: String,
    /// In bytes.
    pub size: u64,
    /// What its bytes hash to.
    #[serde(rename = "sha256", deserialize_with = "hash")]
    pub blob: BlobName,
}

/// A segment that a manifest lists.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ListedSegment {
    /// The file.
    #[serde(flatten)]
    pub file: ListedFile,
    duration: f64,
}

impl Document {
    /// Reads a manifest that is known by its SHA-256; `None` if it is another one, or out of bounds.
    #[must_use]
    pub fn read(bytes: &[u8], sha256: &[u8; 32]) -> Option<Self> {
        if bytes.len() > MANIFEST_BYTES_MAX || Sha256::digest(bytes)[..] != sha256[..] {
            return None;
        }
        let document: Self = serde_json::from_slice(bytes).ok()?;
        document.is_sound().then_some(document)
    }

    fn is_sound(&self) -> bool {
        let segments = self.renditions.iter().map(|it| it.segments.len());
        self.version == 1
            && self.renditions.len() <= RENDITIONS_MAX
            && segments.fold(0, usize::saturating_add) <= SEGMENTS_MAX
            && self.renditions.iter().all(ListedRendition::is_sound)
    }

    /// True if all renditions are whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.renditions.is_empty() && self.renditions.iter().all(|it| it.init.is_some())
    }

    /// All files, init segments before their segments.
    pub fn files(&self) -> impl Iterator<Item = &ListedFile> {
        self.renditions
            .iter()
            .flat_map(|it| it.init.iter().chain(it.segments.iter().map(|segment| &segment.file)))
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files().fold(0, |sum, file| sum.saturating_add(file.size))
    }
}

impl ListedRendition {
    fn is_sound(&self) -> bool {
        let whole = self.init.is_some() || self.segments.is_empty();
        let texts = [&self.name, &self.codecs].iter().all(|it| it.len() <= TEXT_BYTES_MAX);
        let files = self.init.iter().chain(self.segments.iter().map(|it| &it.file));
        let files = files.clone().all(ListedFile::is_sound);
        whole && texts && files && self.segments.iter().all(|it| it.duration_us() <= SEGMENT_US_MAX)
    }

    /// Pictures a second, in thousandths.
    #[must_use]
    pub fn fps_milli(&self) -> u32 {
        u32::try_from(thousandths(self.fps)).unwrap_or(0)
    }
}

impl ListedFile {
    /// Its name is looked for beside the playlist, and leads nowhere else.
    fn is_sound(&self) -> bool {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let name = (1..=255).contains(&self.name.len()) && self.name.bytes().all(known);
        name && !self.name.starts_with('.') && (1..=SEGMENT_BYTES_MAX).contains(&self.size)
    }

    /// Its name: the last part of its address.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl ListedSegment {
    /// How long it plays, in microseconds.
    #[must_use]
    pub fn duration_us(&self) -> u64 {
        thousandths(self.duration * 1_000.0)
    }
}

/// Reads a SHA-256 in lower-case hex.
fn hash<'a, D: Deserializer<'a>>(input: D) -> Result<BlobName, D::Error> {
    let text = String::deserialize(input)?;
    BlobName::parse(&text).ok_or_else(|| D::Error::custom("no SHA-256 in lower-case hex"))
}

/// A number that is not negative in thousandths; what is none is 0, what is huge is at the bounds.
#[allow(clippy::as_conversions, reason = "`as` saturates, and makes zero of what is no number")]
const fn thousandths(number: f64) -> u64 {
    (number * 1_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use serde_json::{Value, json};

    use super::*;

    fn sound() -> Value {
        let hash = "ab".repeat(32);
        json!({
            "version": 1, "video": "8a5ee3ad-74f9-4814-a483-204b12168ce1", "later": [],
            "renditions": [{
                "name": "360p", "width": 640, "height": 360, "fps": 29.97, "codecs": "avc1.64001f",
                "audio": true, "peakBandwidth": 2_000, "averageBandwidth": 1_000,
                "init": { "name": format!("{hash}.mp4"), "size": 800, "sha256": hash },
                "segments": [{ "name": "1.m4s", "size": 9, "sha256": hash, "duration": 4.004001 }],
            }],
        })
    }

    fn read(value: &Value) -> Option<Document> {
        let bytes = serde_json::to_vec(value).unwrap();
        Document::read(&bytes, &Sha256::digest(&bytes).into())
    }

    #[test]
    fn a_sound_one_is_read_and_one_of_another_hash_is_not() {
        let document = read(&sound()).unwrap();
        let rendition = &document.renditions[0];
        assert_eq!((rendition.fps_milli(), rendition.width, rendition.audio), (29_970, 640, true));
        assert_eq!(rendition.segments[0].duration_us(), 4_004_001);
        assert_eq!((document.bytes(), document.is_whole()), (809, true));
        let bytes = serde_json::to_vec(&sound()).unwrap();
        assert_eq!(Document::read(&bytes, &[0; 32]), None);
    }

    #[test]
    fn what_is_out_of_bounds_is_not_read() {
        let segment = &sound()["renditions"][0]["segments"][0];
        for (place, value) in [
            ("/version", json!(2)),
            ("/renditions/0/init/name", json!("../../passwd")),
            ("/renditions/0/init/name", json!("..")),
            ("/renditions/0/init/name", json!("https://elsewhere.example/1")),
            ("/renditions/0/init/size", json!(0)),
            ("/renditions/0/init/size", json!(SEGMENT_BYTES_MAX + 1)),
            ("/renditions/0/init/sha256", json!("short")),
            ("/renditions/0/init", Value::Null),
            ("/renditions/0/segments/0/duration", json!(61)),
            ("/renditions/0/codecs", json!("x".repeat(101))),
            ("/renditions/0/segments", Value::Array(vec![segment.clone(); SEGMENTS_MAX + 1])),
            (
                "/renditions",
                Value::Array(vec![json!({ "name": "", "init": null, "segments": [] }); 33]),
            ),
        ] {
            let mut changed = sound();
            *changed.pointer_mut(place).unwrap() = value;
            assert_eq!(read(&changed), None, "{place}");
        }
        assert_eq!(Document::read(b"[", &Sha256::digest(b"[").into()), None);
    }
}
