//! Manifests: what the segments of a video hash to, so that bytes from anyone are as good as the origin's.
//!
//! A manifest is written from the rows of renditions and segments and from nothing else: the same rows always make the same
//! bytes, so that it need not be kept, and a video of long ago has one too.

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bytes::Bytes;
use kinora_model::channel::Channel;
use kinora_model::id::Id;
use kinora_model::rendition::{Rendition, RenditionState, Segment};
use kinora_model::video::{Video, VideoState};
use kinora_store::Store;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Service;
use crate::error::Error;

mod document;

pub use document::{Document, ListedFile, ListedRendition, MANIFEST_BYTES_MAX};

/// The most segments of all renditions together: more make no manifest.
pub const SEGMENTS_MAX: usize = 100_000;

/// The most renditions: more make no manifest.
pub const RENDITIONS_MAX: usize = 32;

/// The largest segment, in bytes: a larger one makes no manifest, since receivers hold a segment in memory to check it.
pub const SEGMENT_BYTES_MAX: u64 = 32 << 20;

/// The longest segment, in microseconds.
const SEGMENT_US_MAX: u64 = 60_000_000;

/// Bytes of manifests that are kept at hand.
const AT_HAND_BYTES: u64 = 32 << 20;

/// How many manifests of a usual size these are.
const AT_HAND_USUAL: usize = 256;

/// Bytes that a segment takes in the text.
const ENTRY_BYTES: usize = 210;

/// What the segments of a video hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// SHA-256 of the document.
    pub sha256: [u8; 32],
    /// The document, JSON.
    pub bytes: Bytes,
}

impl Manifest {
    /// The SHA-256 in lower-case hex.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.sha256)
    }

    /// Where the document of a video is served.
    #[must_use]
    pub fn path(&self, video: Uuid) -> String {
        format!("/static/manifests/{video}/{}.json", self.hex())
    }

    /// Size of the document in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }
}

/// Manifests that were written lately, by video and by what they are made from.
#[derive(Debug)]
pub struct Manifests {
    at_hand: Cache<(Id<Video>, u64), Option<Arc<Manifest>>, Weight>,
    hasher: RandomState,
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<(Id<Video>, u64), Option<Arc<Manifest>>> for Weight {
    fn weight(&self, _: &(Id<Video>, u64), manifest: &Option<Arc<Manifest>>) -> u64 {
        manifest.as_ref().map_or(0, |it| it.size()).saturating_add(100)
    }
}

impl Default for Manifests {
    fn default() -> Self {
        let at_hand = Cache::with_weighter(AT_HAND_USUAL, AT_HAND_BYTES, Weight);
        Self { at_hand, hasher: RandomState::new() }
    }
}

/// True if a video has a manifest: everybody who has its address may watch it, and it lives here.
#[must_use]
pub fn is_open(video: &Video) -> bool {
    video.is_local() && video.state == VideoState::Published && video.words.privacy.is_open()
}

/// True if viewers of a video may give it to each other: it is open, and neither its owner nor its channel's says no.
///
/// # Errors
/// [`Error::Store`].
pub async fn is_shared(service: &Service, video: &Video) -> Result<bool, Error> {
    if !is_open(video) || !video.words.peers {
        return Ok(false);
    }
    let channel = service.store.get::<Channel>(&video.channel.to_key()).await?;
    Ok(channel.is_none_or(|channel| !channel.without_peers))
}

/// The manifest of a video as it is now; none if it is not open, if no rendition is whole, or if it is out of bounds.
///
/// # Errors
/// [`Error::Store`].
pub async fn of(service: &Service, video: &Video) -> Result<Option<Arc<Manifest>>, Error> {
    if is_open(video) { of_copy(service, video).await } else { Ok(None) }
}

/// The manifest of a video as its renditions here are: of a whole copy the same bytes as its origin's.
///
/// # Errors
/// [`Error::Store`].
pub async fn of_copy(service: &Service, video: &Video) -> Result<Option<Arc<Manifest>>, Error> {
    let rows = service.store.list::<Rendition>(&video.id.to_key(), RENDITIONS_MAX + 1).await?;
    let mut renditions: Vec<Rendition> = rows.into_iter().map(|row| row.into_row()).collect();
    // Numbers in the manifest: those of renditions planned later come later.
    renditions.sort_by_key(|it| it.id);
    if renditions.len() > RENDITIONS_MAX || !renditions.iter().any(is_whole) {
        return Ok(None);
    }
    let made_from = |it: &Rendition| (it.id, it.segments, it.updated_at, is_whole(it));
    let made_from: Vec<_> = renditions.iter().map(made_from).collect();
    let manifests = &service.manifests;
    let key = (video.id, manifests.hasher.hash_one(&made_from));
    manifests.at_hand.get_or_insert_async(&key, write(&service.store, video, &renditions)).await
}

fn is_whole(rendition: &Rendition) -> bool {
    rendition.state == RenditionState::Ready && rendition.init.is_some()
}

/// Writes the document.
async fn write(
    store: &Store,
    video: &Video,
    renditions: &[Rendition],
) -> Result<Option<Arc<Manifest>>, Error> {
    let mut text = format!("{{\"version\":1,\"video\":\"{}\",\"renditions\":[", video.uuid);
    let mut room = SEGMENTS_MAX;
    for (number, rendition) in renditions.iter().enumerate() {
        let segments = match is_whole(rendition) {
            true => crate::segments::of(store, rendition).await?,
            false => Vec::new(),
        };
        let sound = |it: &Segment| {
            (1..=SEGMENT_BYTES_MAX).contains(&it.bytes) && it.duration_us <= SEGMENT_US_MAX
        };
        if segments.len() > room || !segments.iter().all(sound) {
            return Ok(None);
        }
        room = room.saturating_sub(segments.len());
        if number > 0 {
            text.push(',');
        }
        write_rendition(&mut text, rendition, &segments);
    }
    text.push_str("]}\n");
    let sha256 = Sha256::digest(text.as_bytes()).into();
    Ok(Some(Arc::new(Manifest { sha256, bytes: Bytes::from(text) })))
}

// Writing to a String does not fail.
fn write_rendition(text: &mut String, rendition: &Rendition, segments: &[Segment]) {
    text.reserve(segments.len().saturating_mul(ENTRY_BYTES));
    // Names of rungs are made of letters and digits, but JSON is not to depend on that.
    let name = serde_json::Value::from(rendition.rung.as_str());
    let codecs = serde_json::Value::from(rendition.codecs.as_str());
    let (fps, milli) = (rendition.fps_milli / 1_000, rendition.fps_milli % 1_000);
    let Rendition { width, height, has_audio, peak_bps, average_bps, .. } = rendition;
    let _ = write!(
        text,
        "{{\"name\":{name},\"width\":{width},\"height\":{height},\"fps\":{fps}.{milli:03},\"codecs\":{codecs},\
         \"audio\":{has_audio},\"peakBandwidth\":{peak_bps},\"averageBandwidth\":{average_bps},\"init\":"
    );
    match rendition.init.as_ref().filter(|_| is_whole(rendition)) {
        Some(init) => {
            let (blob, bytes) = (init.blob, init.bytes);
            let _ =
                write!(text, "{{\"name\":\"{blob}.mp4\",\"size\":{bytes},\"sha256\":\"{blob}\"}}");
        }
        None => text.push_str("null"),
    }
    text.push_str(",\"segments\":[");
    for (place, segment) in segments.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        let (blob, bytes) = (segment.blob, segment.bytes);
        let (s, us) = (segment.duration_us / 1_000_000, segment.duration_us % 1_000_000);
        let _ = write!(
            text,
            "{{\"name\":\"{blob}.m4s\",\"size\":{bytes},\"sha256\":\"{blob}\",\"duration\":{s}.{us:06}}}"
        );
    }
    text.push_str("]}");
}

#[cfg(test)]
mod tests;
