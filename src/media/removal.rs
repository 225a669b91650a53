//! Frees what nobody refers to any more.

use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::rendition::{Rendition, RenditionState, Segment};
use kinora_model::video::Video;
use kinora_store::table::row_key;
use kinora_store::tables::{BlobOwner, Owner};
use kinora_store::{Batch, Row, Stored};

use crate::Media;
use crate::error::Error;

/// Segments that are let go of in one batch.
const TOGETHER_MAX: usize = 200;

/// How often a row is read again when someone else changed it.
const TRIES_MAX: usize = 8;

impl Media {
    /// Frees the disk of a deleted video: renditions, segments, torrents, the original. Goes on where an earlier try
    /// ended; a blob that another video refers to stays.
    pub(crate) async fn remove_video(&self, video: Id<Video>) -> Result<(), Error> {
        for rendition in self.renditions(video).await? {
            self.give_up(&rendition).await?;
            self.remove_segments(&rendition).await?;
            let init = rendition.init.iter().map(|init| init.blob);
            let torrent = rendition.torrent.iter().map(|torrent| torrent.blob);
            let blobs: Vec<BlobName> = init.chain(torrent).collect();
            self.let_go(video, &blobs, Batch::default()).await?;
            // Last: without its row nothing leads to its segments.
            let key = rendition.key();
            if let Some(stored) = self.service.store.get::<Rendition>(&key).await? {
                let mut batch = Batch::default();
                batch.delete_row(&stored);
                self.service.store.commit(batch).await?;
            }
            self.forget_file(rendition.id);
        }
        self.service.blobs.delete_original(video).await?;
        self.service.progress.settle(video);
        Ok(())
    }

    /// Frees blobs that lost an owner.
    pub(crate) async fn remove_blobs(&self, blobs: &[BlobName]) -> Result<(), Error> {
        for blob in blobs {
            self.service.blobs.delete_if_orphan(&self.service.store, blob).await?;
        }
        Ok(())
    }

    /// Marks a rendition so that whoever still makes it notices with the next segment, and writes no more.
    async fn give_up(&self, rendition: &Rendition) -> Result<(), Error> {
        for _ in 0..TRIES_MAX {
            let found = self.service.store.get::<Rendition>(&rendition.key()).await?;
            let Some(stored) = found else { return Ok(()) };
            let row = Rendition { state: RenditionState::Failed, ..(*stored).clone() };
            let mut batch = Batch::default();
            batch.replace_row(&stored, &row)?;
            match self.service.store.commit(batch).await {
                Err(kinora_store::Error::Conflict) => {}
                other => return Ok(other?),
            }
        }
        Err(kinora_store::Error::Conflict.into())
    }

    async fn remove_segments(&self, rendition: &Rendition) -> Result<(), Error> {
        loop {
            let key = rendition.id.to_key();
            let rows = self.service.store.list::<Segment>(&key, TOGETHER_MAX).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let rows: Vec<Segment> = rows.into_iter().map(Stored::into_row).collect();
            let blobs: Vec<BlobName> = rows.iter().map(|segment| segment.blob).collect();
            let mut batch = Batch::default();
            rows.iter().for_each(|row| batch.delete(row_key::<Segment>(&row.key())));
            self.let_go(rendition.video, &blobs, batch).await?;
        }
    }

    /// Ends a video's claim to blobs, and deletes those that nobody else claims. A crash in between leaves blobs
    /// without owners to the sweep.
    async fn let_go(
        &self,
        video: Id<Video>,
        blobs: &[BlobName],
        mut batch: Batch,
    ) -> Result<(), Error> {
        for blob in blobs {
            let owner = BlobOwner { blob: *blob, owner: Owner::Video(video) };
            batch.delete(row_key::<BlobOwner>(&owner.key()));
        }
        self.service.store.commit(batch).await?;
        self.remove_blobs(blobs).await
    }
}
