//! The sweep: what crashes left on disk that no row knows of.

use futures::{StreamExt, TryStreamExt};
use kinora_model::id::Id;
use kinora_model::upload::Upload;
use kinora_model::video::Video;

use crate::blob::Blobs;
use crate::error::Error;
use crate::table::Store;

/// How many blobs are looked at before their owners are asked for.
const PAGE: usize = 500;

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Blobs that nobody owned.
    pub blobs: usize,
    /// Originals of no video and no upload.
    pub originals: usize,
    /// Copies that never ended.
    pub half_made: usize,
}

/// Removes what was brought lately and found no owner: the video was deleted in the same moment, the request was broken
/// off. Call it every minute or so while the node runs; it costs one look for each blob that came. An original is looked
/// at the second time, when its video is there or never will be.
///
/// # Errors
/// As [`Blobs::delete_if_orphan`]; what was not looked at is left to [`sweep_blobs`].
pub async fn sweep_newcomers(blobs: &Blobs, store: &Store) -> Result<usize, Error> {
    let (names, originals) = blobs.newcomers();
    let mut removed = 0_usize;
    for name in names {
        let gone = blobs.delete_if_orphan(store, &name).await?;
        removed = removed.saturating_add(usize::from(gone));
    }
    for id in originals {
        let lost = !is_wanted(store, id).await? && blobs.original_size(id).await?.is_some();
        if lost {
            blobs.delete_original(id).await?;
            removed = removed.saturating_add(1);
        }
    }
    Ok(removed)
}

/// Removes blobs that nobody owns, while the node runs: whoever brings a blob holds it until its owner is written.
///
/// # Errors
/// As [`Blobs::delete_if_orphan`].
pub async fn sweep_blobs(blobs: &Blobs, store: &Store) -> Result<usize, Error> {
    let mut removed = 0_usize;
    let mut pages = std::pin::pin!(blobs.list().try_chunks(PAGE));
    while let Some(page) = pages.next().await {
        for name in page.map_err(|error| error.1)? {
            let gone = blobs.delete_if_orphan(store, &name).await?;
            removed = removed.saturating_add(usize::from(gone));
        }
    }
    Ok(removed)
}

/// Removes all that crashes left behind. Only before the node takes uploads and runs jobs: an original lies there before
/// the batch that makes its video lands.
///
/// # Errors
/// As [`sweep_blobs`].
pub async fn sweep_all(blobs: &Blobs, store: &Store) -> Result<Swept, Error> {
    let half_made = blobs.remove_half_made().await?;
    let mut originals = 0_usize;
    for id in blobs.originals().await? {
        if !is_wanted(store, id).await? {
            blobs.delete_original(id).await?;
            originals = originals.saturating_add(1);
        }
    }
    Ok(Swept { blobs: sweep_blobs(blobs, store).await?, originals, half_made })
}

/// True if a video has this original, or an upload with its number that was not made a video yet.
async fn is_wanted(store: &Store, id: Id<Video>) -> Result<bool, Error> {
    if store.get::<Video>(&id.to_key()).await?.is_some() {
        return Ok(true);
    }
    let upload = store.get::<Upload>(&id.to_key()).await?;
    Ok(upload.is_some_and(|upload| upload.done.is_none()))
}
