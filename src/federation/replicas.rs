//! Copies that this node fetches of videos of other nodes: from their origin, or from whoever else has them. A manifest
//! says what each file hashes to, and the origin's object what the manifest does; bytes of another hash are not kept.
//! What is here already is not fetched again, so that a copy goes on where it was broken off.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::mirror::{Keeping, ReplicaState};
use kinora_model::rendition::{Init, Rendition, RenditionState, Segment};
use kinora_model::video::{RemoteManifest, Video};
use kinora_service::manifest::{Document, ListedFile, ListedRendition, MANIFEST_BYTES_MAX};
use kinora_service::publishing::RENDITIONS_MAX;
use kinora_service::replicas;
use kinora_store::Batch;
use kinora_store::blob::{Blobs, Hold};
use kinora_store::tables::{BlobOwner, Owner};
use tokio::time::Instant;
use tracing::{debug, info};
use url::Url;

use crate::Federation;
use crate::error::Error;

/// Rows that are written together.
const TOGETHER_MAX: usize = 200;

/// How often it is written down how far a copy is, in bytes.
const NOTE_EVERY: u64 = 16 << 20;

/// A copy on its way.
struct Fetching<'a> {
    video: &'a Video,
    keeps: &'a Keeping,
    origin: &'a Origin<'a>,
    /// What other copies of the same server take, in bytes.
    others: u64,
    /// What is here of this one, in bytes.
    bytes: u64,
    bytes_wanted: u64,
    noted: u64,
    /// When fetching began, and how much was fetched since.
    began: Instant,
    fetched: u64,
}

/// Where a copy comes from.
struct Origin<'a> {
    playlist: Url,
    manifest: &'a RemoteManifest,
    /// True once it did not answer: others are asked first then.
    is_gone: AtomicBool,
}

/// A file that is held and can be kept.
struct Arrived<'a> {
    file: &'a ListedFile,
    /// None if it is here already.
    bytes: Option<Bytes>,
    hold: Hold,
}

impl Federation {
    /// Fetches the copy of a video that an agreement wants, or lets it go if none does.
    ///
    /// # Errors
    /// Those of fetching; [`Error::Store`].
    pub(crate) async fn replicate(&self, video: Id<Video>) -> Result<(), Error> {
        let Some(video) = self.service.store.get::<Video>(&video.to_key()).await? else {
            return Ok(());
        };
        let Some(keeps) = replicas::wanted(&self.service, &video).await? else {
            replicas::drop(&self.service, video.id).await?;
            return Ok(());
        };
        let Some(remote) = &video.remote else { return Ok(()) };
        let (Some(hls), Some(manifest)) = (&remote.hls, &remote.manifest) else { return Ok(()) };
        let host = Host::of(&hls.playlist).ok_or(Error::Refused("a playlist without a server"))?;
        self.seek_peers(&host).await;
        let known = replicas::of_host(&self.service, &host).await?;
        let others = known.iter().filter(|it| it.video != video.id).map(|it| it.bytes).sum();
        let origin =
            Origin { playlist: hls.playlist.clone(), manifest, is_gone: AtomicBool::new(false) };
        let mut fetching = Fetching {
            video: &video,
            keeps: &keeps,
            origin: &origin,
            others,
            bytes: 0,
            bytes_wanted: hls.files.iter().filter_map(|file| file.bytes).sum(),
            noted: 0,
            began: Instant::now(),
            fetched: 0,
        };
        match self.fetch_all(&mut fetching).await {
            Ok(true) => {
                let bytes = fetching.bytes;
                let whole = ReplicaState::Whole;
                replicas::note(&self.service, &video, &whole, (bytes, bytes)).await?;
                if let Some(others) = self.service.providers.get() {
                    others.provide(manifest.sha256, video.id).await;
                }
                info!(video = %video.uuid, bytes, "a copy is whole");
                Ok(())
            }
            // Its server says so when there is more of it.
            Ok(false) => self.note_replica(&mut fetching, &ReplicaState::Waiting).await,
            Err(error) if error.is_passing() || matches!(error, Error::Stopping) => {
                self.note_replica(&mut fetching, &ReplicaState::Waiting).await?;
                Err(error)
            }
            Err(error @ (Error::Store(_) | Error::Service(_))) => Err(error),
            Err(error) => {
                debug!(%error, "a copy cannot be kept");
                let failed = ReplicaState::Failed(error.to_string());
                self.note_replica(&mut fetching, &failed).await
            }
        }
    }

    async fn note_replica(
        &self,
        fetching: &mut Fetching<'_>,
        state: &ReplicaState,
    ) -> Result<(), Error> {
        fetching.noted = fetching.bytes;
        let far = (fetching.bytes, fetching.bytes_wanted.max(fetching.bytes));
        Ok(replicas::note(&self.service, fetching.video, state, far).await?)
    }

    /// Fetches what is not here yet; true if all of the video is.
    async fn fetch_all(&self, fetching: &mut Fetching<'_>) -> Result<bool, Error> {
        fetching.fits(fetching.bytes_wanted)?;
        self.note_replica(fetching, &ReplicaState::Waiting).await?;
        let document = self.manifest(fetching.origin).await?;
        fetching.bytes_wanted = document.bytes();
        fetching.fits(fetching.bytes_wanted)?;
        let store = &self.service.store;
        let known = store.list::<Rendition>(&fetching.video.id.to_key(), RENDITIONS_MAX).await?;
        for listed in &document.renditions {
            let Some(init) = &listed.init else { continue };
            let same = |it: &Rendition| it.init.as_ref().is_some_and(|it| it.blob == init.blob);
            if let Some(kept) = known.iter().find(|it| same(it)) {
                fetching.bytes = fetching.bytes.saturating_add(kept.bytes);
                continue;
            }
            self.fetch_rendition(fetching, listed, init).await?;
        }
        Ok(document.is_whole())
    }

    /// What there is to fetch, as the origin's object vouches for it; from whoever has it.
    async fn manifest(&self, origin: &Origin<'_>) -> Result<Document, Error> {
        let RemoteManifest { url, sha256, bytes } = origin.manifest;
        let size = usize::try_from(*bytes).ok().filter(|size| *size <= MANIFEST_BYTES_MAX);
        let size = size.ok_or(Error::Limit("the size of a manifest"))?;
        let bytes = self.fetch_bytes(origin, url, sha256, size).await?;
        Document::read(&bytes, sha256)
            .ok_or(Error::Refused("a manifest that is not what it should be"))
    }

    /// Bytes from their origin, or from others who have them once it does not answer.
    async fn fetch_bytes(
        &self,
        origin: &Origin<'_>,
        url: &Url,
        sha256: &[u8; 32],
        size: usize,
    ) -> Result<Bytes, Error> {
        let manifest = &origin.manifest.sha256;
        let others = self.service.providers.get();
        if origin.is_gone.load(Relaxed)
            && let Some(others) = others
            && let Some(bytes) = others.fetch(manifest, sha256).await
        {
            return Ok(bytes);
        }
        let failed = match self.client.file(url, size).await {
            Ok(bytes) => return Ok(bytes),
            Err(error) => error,
        };
        origin.is_gone.store(true, Relaxed);
        let fetched = match others {
            Some(others) => others.fetch(manifest, sha256).await,
            None => None,
        };
        // Whoever else has it or not: it is its origin that will have to answer.
        fetched.ok_or(failed)
    }

    /// Fetches a rendition; its row comes last, so that it counts only when all of it is here.
    async fn fetch_rendition(
        &self,
        fetching: &mut Fetching<'_>,
        listed: &ListedRendition,
        init: &ListedFile,
    ) -> Result<(), Error> {
        let id = self.service.id();
        let files = listed.segments.iter().map(|segment| &segment.file);
        self.fetch_files(fetching, std::iter::once(init).chain(files)).await?;
        let (mut bytes, mut start_us, mut rows) = (init.size, 0_u64, Vec::new());
        for (segment, index) in listed.segments.iter().zip(0_u32..) {
            let duration_us = segment.duration_us();
            rows.push(Segment {
                rendition: id,
                video: fetching.video.id,
                index,
                blob: segment.file.blob,
                bytes: segment.file.size,
                start_us,
                duration_us,
            });
            bytes = bytes.saturating_add(segment.file.size);
            start_us = start_us.saturating_add(duration_us);
        }
        for page in rows.chunks(TOGETHER_MAX) {
            let mut batch = Batch::default();
            for row in page {
                batch.insert_row(row)?;
            }
            self.service.store.commit(batch).await?;
        }
        let now = self.service.now();
        let rendition = Rendition {
            id,
            video: fetching.video.id,
            rung: listed.name.clone(),
            resolution: listed.width.min(listed.height),
            width: listed.width,
            height: listed.height,
            fps_milli: listed.fps_milli(),
            copied: true,
            has_audio: listed.audio,
            has_video: listed.height > 0,
            codecs: listed.codecs.clone(),
            init: Some(Init { blob: init.blob, bytes: init.size }),
            state: RenditionState::Ready,
            segments: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            bytes,
            duration_us: start_us,
            peak_bps: listed.peak_bps,
            average_bps: listed.average_bps,
            torrent: None,
            created_at: now,
            updated_at: now,
        };
        let mut batch = Batch::default();
        batch.insert_row(&rendition)?;
        self.service.store.commit(batch).await?;
        Ok(())
    }

    /// Fetches files that are not here; while one is written to disk the next is on its way.
    async fn fetch_files<'f>(
        &self,
        fetching: &mut Fetching<'_>,
        mut files: impl Iterator<Item = &'f ListedFile>,
    ) -> Result<(), Error> {
        let origin = fetching.origin;
        let mut fetched = self.fetch_next(origin, &mut files).await?;
        while let Some(arrived) = fetched {
            if self.stopping.is_cancelled() {
                return Err(Error::Stopping);
            }
            let (kept, next) = tokio::join!(
                self.keep_file(fetching, arrived),
                self.fetch_next(origin, &mut files)
            );
            kept?;
            fetched = next?;
        }
        Ok(())
    }

    /// Fetches a file unless it is here. Bytes that are not what was listed are refused.
    async fn fetch_next<'f>(
        &self,
        origin: &Origin<'_>,
        files: &mut impl Iterator<Item = &'f ListedFile>,
    ) -> Result<Option<Arrived<'f>>, Error> {
        let Some(file) = files.next() else { return Ok(None) };
        let hold = self.service.blobs.hold(&file.blob).await;
        if self.service.blobs.size(&file.blob).await.is_ok() {
            return Ok(Some(Arrived { file, bytes: None, hold }));
        }
        let url = origin.beside(file.name())?;
        let size = usize::try_from(file.size).unwrap_or(usize::MAX);
        let bytes = self.fetch_bytes(origin, &url, file.blob.digest(), size).await?;
        if bytes.len() != size || Blobs::name_of(&bytes) != file.blob {
            return Err(Error::Refused("a file that is not what its name says"));
        }
        Ok(Some(Arrived { file, bytes: Some(bytes), hold }))
    }

    /// Keeps a file for the video.
    async fn keep_file(
        &self,
        fetching: &mut Fetching<'_>,
        arrived: Arrived<'_>,
    ) -> Result<(), Error> {
        let Arrived { file, bytes, hold } = arrived;
        if let Some(bytes) = bytes {
            fetching.fits(fetching.bytes.saturating_add(file.size))?;
            self.service.blobs.put_verified(file.blob, bytes).await.map_err(Error::Store)?;
            fetching.fetched = fetching.fetched.saturating_add(file.size);
        }
        let mut batch = Batch::default();
        batch.put_row(&BlobOwner { blob: file.blob, owner: Owner::Video(fetching.video.id) })?;
        self.service.store.commit(batch).await?;
        drop(hold);
        fetching.bytes = fetching.bytes.saturating_add(file.size);
        if fetching.bytes.saturating_sub(fetching.noted) >= NOTE_EVERY {
            self.note_replica(fetching, &ReplicaState::Waiting).await?;
        }
        self.keep_pace(fetching).await;
        Ok(())
    }

    /// Waits until no more was fetched than may be in the time that went by.
    async fn keep_pace(&self, fetching: &Fetching<'_>) {
        let Some(rate) = fetching.keeps.bytes_per_s.filter(|rate| *rate > 0) else { return };
        let due_ms = fetching.fetched.saturating_mul(1000).checked_div(rate).unwrap_or(0);
        let due = fetching.began + Duration::from_millis(due_ms);
        tokio::select! {
            () = self.stopping.cancelled() => {}
            () = tokio::time::sleep_until(due) => {}
        }
    }
}

impl Origin<'_> {
    /// The address of a file beside the playlist.
    fn beside(&self, name: &str) -> Result<Url, Error> {
        self.playlist.join(name).map_err(|_bad| Error::Refused("a file without an address"))
    }
}

impl Fetching<'_> {
    /// Refuses what does not fit into what was agreed.
    fn fits(&self, bytes: u64) -> Result<(), Error> {
        if self.others.saturating_add(bytes) > self.keeps.quota_bytes {
            return Err(Error::Limit("the disk space that was agreed for copies"));
        }
        Ok(())
    }
}
