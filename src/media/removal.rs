//! Frees what nobody refers to any more.

use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::rendition::{Rendition, RenditionState, Segment};
use kinora_model::video::Video;
use kinora_service::{comments, mirrors, reactions, replicas, shares, traffic};
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
        self.remove_renditions(video).await?;
        self.service.blobs.delete_original(video).await?;
        reactions::forget_video(&self.service, video).await?;
        comments::forget_video(&self.service, video).await?;
        shares::forget_video(&self.service, video).await?;
        mirrors::forget_video(&self.service, video).await?;
        replicas::forget_video(&self.service, video).await?;
        traffic::forget_video(&self.service, video).await?;
        self.service.progress.settle(video);
        Ok(())
    }

    /// Frees the disk of a copy that is not kept any more, unless it is wanted again by now.
    pub(crate) async fn remove_replica(&self, video: Id<Video>) -> Result<(), Error> {
        if replicas::of_video(&self.service, video).await?.is_some() {
            return Ok(());
        }
        self.remove_renditions(video).await
    }

    async fn remove_renditions(&self, video: Id<Video>) -> Result<(), Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{media, rendition, video};

    async fn keep(media: &Media, video: &Video, contents: &[&'static str]) -> Rendition {
        let rendition = rendition(&media.service, video, "360p").await;
        for (index, content) in contents.iter().enumerate() {
            let blob = media.service.blobs.put(content.as_bytes().into()).await.unwrap();
            let index = u32::try_from(index).unwrap();
            let segment = Segment {
                rendition: rendition.id,
                video: video.id,
                index,
                blob,
                bytes: 1,
                start_us: 0,
                duration_us: 1,
            };
            let mut batch = Batch::default();
            batch.put_row(&segment).unwrap();
            batch.put_row(&BlobOwner { blob, owner: Owner::Video(video.id) }).unwrap();
            media.service.store.commit(batch).await.unwrap();
        }
        rendition
    }

    async fn there(media: &Media, content: &str) -> bool {
        let name = kinora_store::blob::Blobs::name_of(content.as_bytes());
        media.service.blobs.size(&name).await.is_ok()
    }

    #[tokio::test]
    async fn a_segment_that_two_videos_share_survives_the_first_deletion() {
        let folder = tempfile::tempdir().unwrap();
        let media = media(folder.path());
        let (one, two) = (video(&media.service).await, video(&media.service).await);
        keep(&media, &one, &["shared", "of one"]).await;
        keep(&media, &two, &["shared", "of two"]).await;
        media.remove_video(one.id).await.unwrap();
        assert!(there(&media, "shared").await && there(&media, "of two").await);
        assert!(!there(&media, "of one").await);
        media.remove_video(one.id).await.unwrap();
        media.remove_video(two.id).await.unwrap();
        assert!(!there(&media, "shared").await && !there(&media, "of two").await);
        assert!(media.renditions(two.id).await.unwrap().is_empty());
    }
}
