//! Copies that this node fetches of videos of other nodes: each file is named by its hash, and kept only if its bytes
//! have it. What is here already is not fetched again, so that a copy goes on where it was broken off.

use std::time::Duration;

use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::mirror::{Keeping, ReplicaState};
use kinora_model::picture::BlobName;
use kinora_model::rendition::{Init, Rendition, RenditionState, Segment};
use kinora_model::video::Video;
use kinora_service::publishing::RENDITIONS_MAX;
use kinora_service::replicas;
use kinora_store::Batch;
use kinora_store::blob::Blobs;
use kinora_store::tables::{BlobOwner, Owner};
use tokio::time::Instant;
use tracing::{debug, info};
use url::Url;

use crate::Federation;
use crate::error::Error;

mod playlist;

use playlist::{Media, Variant};

/// The largest playlist, in bytes.
const PLAYLIST_BYTES_MAX: usize = 8 << 20;

/// The largest segment, in bytes.
const SEGMENT_BYTES_MAX: usize = 32 << 20;

/// Rows that are written together.
const TOGETHER_MAX: usize = 200;

/// How often it is written down how far a copy is, in bytes.
const NOTE_EVERY: u64 = 16 << 20;

/// A copy on its way.
struct Fetching<'a> {
    video: &'a Video,
    keeps: &'a Keeping,
    folder: Url,
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
        let Some(hls) = video.remote.as_ref().and_then(|remote| remote.hls.as_ref()) else {
            return Ok(());
        };
        let host = Host::of(&hls.playlist).ok_or(Error::Refused("a playlist without a server"))?;
        let known = replicas::of_host(&self.service, &host).await?;
        let others = known.iter().filter(|it| it.video != video.id).map(|it| it.bytes).sum();
        let mut fetching = Fetching {
            video: &video,
            keeps: &keeps,
            folder: hls.playlist.clone(),
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
        let text = self.text(&fetching.folder).await?;
        let variants =
            playlist::multivariant(&text).ok_or(Error::Refused("it is not a node of this kind"))?;
        let store = &self.service.store;
        let known = store.list::<Rendition>(&fetching.video.id.to_key(), RENDITIONS_MAX).await?;
        let mut whole = !variants.is_empty();
        for variant in &variants {
            let url = fetching.beside(&variant.name)?;
            let media = playlist::media(&self.text(&url).await?)
                .ok_or(Error::Refused("it is not a node of this kind"))?;
            if !media.whole {
                whole = false;
                continue;
            }
            let same =
                |it: &Rendition| it.init.as_ref().is_some_and(|init| init.blob == media.init);
            if let Some(kept) = known.iter().find(|it| same(it)) {
                fetching.bytes = fetching.bytes.saturating_add(kept.bytes);
                continue;
            }
            self.fetch_rendition(fetching, variant, &media).await?;
        }
        Ok(whole)
    }

    async fn text(&self, url: &Url) -> Result<String, Error> {
        let bytes = self.client.file(url, PLAYLIST_BYTES_MAX).await?;
        String::from_utf8(bytes.to_vec())
            .map_err(|_bad| Error::Unreadable("a playlist that is not text".to_owned()))
    }

    /// Fetches a rendition; its row comes last, so that it counts only when all of it is here.
    async fn fetch_rendition(
        &self,
        fetching: &mut Fetching<'_>,
        variant: &Variant,
        media: &Media,
    ) -> Result<(), Error> {
        let id = self.service.id();
        let init = self.fetch_file(fetching, &media.init, "mp4").await?;
        let (mut bytes, mut start_us, mut rows) = (init, 0_u64, Vec::new());
        for ((blob, duration_us), index) in media.segments.iter().zip(0_u32..) {
            let length = self.fetch_file(fetching, blob, "m4s").await?;
            rows.push(Segment {
                rendition: id,
                video: fetching.video.id,
                index,
                blob: *blob,
                bytes: length,
                start_us,
                duration_us: *duration_us,
            });
            bytes = bytes.saturating_add(length);
            start_us = start_us.saturating_add(*duration_us);
        }
        for page in rows.chunks(TOGETHER_MAX) {
            let mut batch = Batch::default();
            for row in page {
                batch.insert_row(row)?;
            }
            self.service.store.commit(batch).await?;
        }
        let now = self.service.now();
        let resolution = variant.width.min(variant.height);
        let sound = ["mp4a", "opus", "ac-3", "ec-3", "flac"];
        let rendition = Rendition {
            id,
            video: fetching.video.id,
            rung: if resolution == 0 { "audio".to_owned() } else { format!("{resolution}p") },
            resolution,
            width: variant.width,
            height: variant.height,
            fps_milli: variant.fps_milli,
            copied: true,
            has_audio: variant.codecs.is_empty()
                || variant
                    .codecs
                    .split(',')
                    .any(|it| sound.iter().any(|name| it.starts_with(name))),
            has_video: resolution > 0,
            codecs: variant.codecs.clone(),
            init: Some(Init { blob: media.init, bytes: init }),
            state: RenditionState::Ready,
            segments: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            bytes,
            duration_us: start_us,
            peak_bps: variant.peak_bps,
            average_bps: variant.average_bps,
            torrent: None,
            created_at: now,
            updated_at: now,
        };
        let mut batch = Batch::default();
        batch.insert_row(&rendition)?;
        self.service.store.commit(batch).await?;
        Ok(())
    }

    /// Fetches a file unless it is here; its size in bytes. Bytes that are not what their name says are not kept.
    async fn fetch_file(
        &self,
        fetching: &mut Fetching<'_>,
        blob: &BlobName,
        extension: &str,
    ) -> Result<u64, Error> {
        if self.stopping.is_cancelled() {
            return Err(Error::Stopping);
        }
        let owner = BlobOwner { blob: *blob, owner: Owner::Video(fetching.video.id) };
        let hold = self.service.blobs.hold(blob).await;
        let length = match self.service.blobs.size(blob).await {
            Ok(length) => length,
            Err(_missing) => {
                let url = fetching.beside(&format!("{blob}.{extension}"))?;
                let bytes = self.client.file(&url, SEGMENT_BYTES_MAX).await?;
                if Blobs::name_of(&bytes) != *blob {
                    return Err(Error::Refused("a file that is not what its name says"));
                }
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                fetching.fits(fetching.bytes.saturating_add(length))?;
                self.service.blobs.put(bytes).await.map_err(Error::Store)?;
                fetching.fetched = fetching.fetched.saturating_add(length);
                length
            }
        };
        let mut batch = Batch::default();
        batch.put_row(&owner)?;
        self.service.store.commit(batch).await?;
        drop(hold);
        fetching.bytes = fetching.bytes.saturating_add(length);
        if fetching.bytes.saturating_sub(fetching.noted) >= NOTE_EVERY {
            self.note_replica(fetching, &ReplicaState::Waiting).await?;
        }
        self.keep_pace(fetching).await;
        Ok(length)
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

impl Fetching<'_> {
    /// The address of a file beside the playlist.
    fn beside(&self, name: &str) -> Result<Url, Error> {
        self.folder.join(name).map_err(|_bad| Error::Refused("a file without an address"))
    }

    /// Refuses what does not fit into what was agreed.
    fn fits(&self, bytes: u64) -> Result<(), Error> {
        if self.others.saturating_add(bytes) > self.keeps.quota_bytes {
            return Err(Error::Limit("the disk space that was agreed for copies"));
        }
        Ok(())
    }
}
