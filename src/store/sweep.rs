//! The sweep: what crashes left on disk that no row knows of.

use futures::{StreamExt, TryStreamExt};
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
    /// Originals whose video is gone.
    pub originals: usize,
    /// Copies that never ended.
    pub half_made: usize,
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
        if store.get::<Video>(&id.to_key()).await?.is_none() {
            blobs.delete_original(id).await?;
            originals = originals.saturating_add(1);
        }
    }
    Ok(Swept { blobs: sweep_blobs(blobs, store).await?, originals, half_made })
}
