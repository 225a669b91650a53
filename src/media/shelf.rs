//! Hot segments, kept in memory: most viewers ask for the same few.

use bytes::Bytes;
use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::video::Video;
use kinora_service::Service;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::door;
use crate::error::Error;

/// The largest segment that is kept in memory, in bytes; larger ones are read slice by slice.
pub const KEPT_BYTES_MAX: u64 = 4 << 20;

/// What a kept segment weighs beside its bytes.
const OVERHEAD_BYTES: u64 = 200;

/// Bytes of an average segment, for the first size of the cache.
const TYPICAL_BYTES: u64 = 512 << 10;

/// Segments of videos, bounded by their bytes.
#[derive(Debug)]
pub struct Shelf {
    hot: Cache<(Id<Video>, BlobName), Found, Weight>,
}

/// A segment that a video refers to.
#[derive(Clone, Debug)]
pub enum Found {
    /// Its bytes.
    Bytes(Bytes),
    /// It is large: so many bytes are to be read.
    Large(u64),
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<(Id<Video>, BlobName), Found> for Weight {
    fn weight(&self, _: &(Id<Video>, BlobName), found: &Found) -> u64 {
        let bytes = match found {
            Found::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Found::Large(_) => 0,
        };
        bytes.saturating_add(OVERHEAD_BYTES)
    }
}

impl Shelf {
    /// A shelf for so many bytes.
    #[must_use]
    pub fn with_bytes(bytes: u64) -> Self {
        let items = usize::try_from(bytes / TYPICAL_BYTES).unwrap_or(0).max(16);
        Self { hot: Cache::with_weighter(items, bytes, Weight) }
    }

    /// A blob, if this video refers to it. The asker's right to the video is not looked at here.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it does not, or if the blob cannot be read.
    pub async fn find(
        &self,
        service: &Service,
        video: Id<Video>,
        blob: &BlobName,
    ) -> Result<Found, Error> {
        if let Some(found) = self.hot.get(&(video, *blob)) {
            return Ok(found);
        }
        if !door::refers(service, video, blob).await? {
            return Err(Error::NotFound("File"));
        }
        let found = read(service, blob).await?;
        self.hot.insert((video, *blob), found.clone());
        Ok(found)
    }
}

async fn read(service: &Service, blob: &BlobName) -> Result<Found, Error> {
    let Some(path) = service.blobs.local_path(blob) else {
        let bytes = service.blobs.size(blob).await?;
        if bytes > KEPT_BYTES_MAX {
            return Ok(Found::Large(bytes));
        }
        return Ok(Found::Bytes(service.blobs.get(blob).await?));
    };
    // On the thread that asks: what lies in the page cache comes faster than a thread can be woken for it.
    let bytes = std::fs::metadata(&path)?.len();
    if bytes > KEPT_BYTES_MAX {
        return Ok(Found::Large(bytes));
    }
    Ok(Found::Bytes(std::fs::read(&path)?.into()))
}
