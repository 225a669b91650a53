//! Describes the file of a whole rendition as a torrent.

use std::io::Read;
use std::sync::Arc;

use kinora_model::id::Id;
use kinora_model::rendition::{Rendition, RenditionState, Torrent};
use kinora_model::video::Video;
use kinora_store::tables::{BlobOwner, Owner, rendition_by_id};
use kinora_store::{Batch, Stored};

use crate::Media;
use crate::error::Error;
use crate::files::Reader;
use crate::torrent;

/// How often a batch is tried again when someone else changed a row.
const TRIES_MAX: usize = 8;

impl Media {
    /// Makes the torrent of a rendition, unless it has one.
    pub(crate) async fn describe(&self, id: Id<Rendition>) -> Result<(), Error> {
        let found = self.service.store.find::<Rendition>(&rendition_by_id(id)).await?;
        let Some(rendition) = found.map(Stored::into_row) else { return Ok(()) };
        if rendition.torrent.is_some() || rendition.state != RenditionState::Ready {
            return Ok(());
        }
        let Some(video) = self.service.store.get::<Video>(&rendition.video.to_key()).await? else {
            return Ok(());
        };
        let file = self.file(&rendition).await?;
        let bytes = file.bytes();
        let reader = Reader::new(Arc::clone(&self.service), file.pieces(0..bytes));
        let piece_bytes = torrent::piece_bytes(bytes);
        // A whole film is read and hashed: not on a thread that others wait for.
        let runtime = tokio::runtime::Handle::current();
        let hashing = tokio::task::spawn_blocking(move || {
            let blocking = Blocking { reader, runtime, slice: bytes::Bytes::new() };
            torrent::hash_pieces(blocking, piece_bytes)
        });
        let pieces = hashing.await.map_err(|error| Error::Torrent(error.to_string()))??;
        let name = format!("{} {}.mp4", video.words.title.as_str(), rendition.rung);
        let written = torrent::write(&name, bytes, pieces)?;
        self.keep_torrent(&rendition, written).await
    }

    async fn keep_torrent(
        &self,
        rendition: &Rendition,
        written: torrent::Written,
    ) -> Result<(), Error> {
        let service = &self.service;
        let blob = kinora_store::blob::Blobs::name_of(&written.file);
        let bytes = u64::try_from(written.file.len()).unwrap_or(u64::MAX);
        let _hold = service.blobs.hold(&blob).await;
        service.blobs.put(written.file).await?;
        for _ in 0..TRIES_MAX {
            let found = service.store.find::<Rendition>(&rendition_by_id(rendition.id)).await?;
            let Some(stored) = found else { return Ok(()) };
            let mut row = (*stored).clone();
            row.torrent = Some(Torrent { blob, bytes, info_hash: written.info_hash.clone() });
            row.updated_at = service.now();
            let mut batch = Batch::default();
            batch.put_row(&BlobOwner { blob, owner: Owner::Video(row.video) })?;
            batch.replace_row(&stored, &row)?;
            match service.store.commit(batch).await {
                Err(kinora_store::Error::Conflict) => {}
                other => return Ok(other?),
            }
        }
        Err(kinora_store::Error::Conflict.into())
    }
}

/// A reader for a thread that may block.
struct Blocking {
    reader: Reader,
    runtime: tokio::runtime::Handle,
    slice: bytes::Bytes,
}

impl Read for Blocking {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.slice.is_empty() {
            let next = self.runtime.block_on(self.reader.next());
            self.slice = next.map_err(std::io::Error::other)?.unwrap_or_default();
        }
        let part = self.slice.split_to(self.slice.len().min(into.len()));
        let Some(place) = into.get_mut(..part.len()) else { return Ok(0) };
        place.copy_from_slice(&part);
        Ok(part.len())
    }
}
