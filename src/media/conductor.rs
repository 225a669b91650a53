//! Makes a video: from what lies in its file to renditions that can be watched.
//!
//! Probe, then one rendition that can be watched soon (a remux, or the lowest rung), then all others out of one decode.
//! Each step asks first what is done already, so that it may run twice.

use std::path::PathBuf;

use kinora_model::id::Id;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::{Footage, Video};
use kinora_order::{Copyable, Encode, Facts, Limits, Order, PictureRung, Refusal, Request, Rung};
use kinora_service::publishing;
use kinora_store::Stored;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::Media;
use crate::error::Error;
use crate::files;
use crate::intake::Intake;
use crate::plan::{self, Planned};
use crate::runner::{Heard, Said};
use crate::scratch::Scratch;
use crate::thumbnails;

/// The most renditions of a video.
const RENDITIONS_MAX: usize = 64;

/// CPU seconds that any transcode may use, however short its source.
const CPU_S_MIN: u64 = 900;

/// CPU seconds that probing may use.
const PROBE_CPU_S_MAX: u64 = 300;

/// The rate buffer of a rung, in seconds of its highest rate.
const BUFFER_S: u64 = 2;

impl Media {
    /// Says what is in a video's file, and plans its renditions.
    pub(crate) async fn probe(
        &self,
        video: Id<Video>,
        cancelled: &CancellationToken,
    ) -> Result<(), Error> {
        let video = self.wanted(video).await?;
        let planned = self.renditions(video.id).await?;
        if !planned.is_empty() {
            return Ok(());
        }
        let facts = self.facts(&video, cancelled).await?;
        let footage = footage(&facts);
        let copyable = facts.copyable == Copyable::Yes;
        let planned = plan::plan(&footage, copyable, &self.ladder);
        info!(video.id = ?video.id, ?footage, copyable, rungs = planned.len(), "probed a video");
        let renditions: Vec<Rendition> =
            planned.iter().map(|rung| self.rendition(&video, &footage, rung)).collect();
        publishing::probed(&self.service, video.id, footage, &renditions).await?;
        Ok(())
    }

    async fn facts(&self, video: &Video, cancelled: &CancellationToken) -> Result<Facts, Error> {
        let order = Order::Probe { input: self.original(video)? };
        let limits = Limits { cpu_s_max: PROBE_CPU_S_MAX, ..self.limits(0) };
        let request = Request { order, limits };
        match self.runner()?.run(&request, cancelled).await? {
            Said::Facts(facts) => Ok(facts),
            _ => Err(Error::Died("it did not say what it found".to_owned())),
        }
    }

    /// Makes the rendition that can be watched first.
    pub(crate) async fn package_first(
        &self,
        video: Id<Video>,
        cancelled: &CancellationToken,
    ) -> Result<(), Error> {
        let video = self.wanted(video).await?;
        let renditions = self.renditions(video.id).await?;
        if renditions.iter().any(|rendition| rendition.state == RenditionState::Ready) {
            return Ok(());
        }
        let scratch = Scratch::new(&self.scratch, "first", video.id.raw())?;
        if let Some(copied) = renditions.iter().find(|rendition| rendition.copied) {
            self.first_thumbnail(&video, cancelled).await;
            let order = Order::Remux {
                input: self.original(&video)?,
                scratch: scratch.path().to_owned(),
                rung: copied.rung.clone(),
            };
            match self.make(&video, order, &scratch, std::slice::from_ref(copied), cancelled).await
            {
                Ok(()) => return Ok(()),
                // Only packing shows it of some sources; then they are encoded as all others are.
                Err(Error::Refused { code, detail }) if code == Refusal::NotCopyable.word() => {
                    info!(video.id = ?video.id, detail, "cannot be packed as it is");
                    publishing::not_copyable(&self.service, video.id, copied.id).await?;
                }
                Err(error) => return Err(error),
            }
        }
        let lowest = renditions.iter().min_by_key(|rendition| rendition.resolution);
        let lowest = lowest.ok_or(Error::NotFound("Rendition"))?;
        let alone = renditions.len() == 1;
        let order = Order::Encode(Encode {
            input: self.original(&video)?,
            scratch: scratch.path().to_owned(),
            rungs: vec![self.rung(&video, lowest)],
            cuts_us: Vec::new(),
            thumbnails: if alone { self.config.thumbnails.max(1) } else { 1 },
            thumbnail_sizes: thumbnails::SIZES.to_vec(),
            storyboard: (alone && self.config.storyboard).then_some(thumbnails::STORYBOARD),
        });
        self.make(&video, order, &scratch, std::slice::from_ref(lowest), cancelled).await
    }

    /// Makes one thumbnail in a moment, so that lists have something to show as soon as the video can be watched. Best
    /// effort: without it the video has a picture a little later.
    async fn first_thumbnail(&self, video: &Video, cancelled: &CancellationToken) {
        if !video.candidates.is_empty() {
            return;
        }
        let made = async {
            let scratch = Scratch::new(&self.scratch, "thumbnail", video.id.raw())?;
            let order = Order::Encode(Encode {
                input: self.original(video)?,
                scratch: scratch.path().to_owned(),
                rungs: Vec::new(),
                cuts_us: Vec::new(),
                thumbnails: 1,
                thumbnail_sizes: thumbnails::SIZES.to_vec(),
                storyboard: None,
            });
            let folder = scratch.path().to_owned();
            let (service, metrics) = (&*self.service, &self.metrics);
            let mut intake = Intake::begin(service, metrics, video.id, folder, &[], None).await?;
            let request = Request { order, limits: self.limits(0) };
            let mut process = self.runner()?.start(&request).await?;
            // One picture is enough, however far the transcoder has come: it is ended once that is there.
            while intake.thumbnails() == 0 {
                match process.next(cancelled).await? {
                    Heard::Progress(progress) => intake.hear(progress).await?,
                    Heard::Said(_) => break,
                }
            }
            Ok::<(), Error>(())
        };
        if let Err(error) = made.await {
            info!(video.id = ?video.id, %error, "made no early thumbnail");
        }
    }

    /// Makes all other renditions, the thumbnails and the storyboard.
    pub(crate) async fn package_rest(
        &self,
        video: Id<Video>,
        cancelled: &CancellationToken,
    ) -> Result<(), Error> {
        let video = self.wanted(video).await?;
        let renditions = self.renditions(video.id).await?;
        let unmade = |rendition: &&Rendition| {
            matches!(rendition.state, RenditionState::Waiting | RenditionState::Running)
        };
        let rest: Vec<Rendition> = renditions.iter().filter(unmade).cloned().collect();
        let pictures = video.storyboard.is_none() || video.candidates.len() <= 1;
        if rest.is_empty() && !pictures {
            return self.let_original_go(&video, cancelled).await;
        }
        let cuts_us = match renditions.iter().find(|one| one.state == RenditionState::Ready) {
            Some(first) => self.cuts(first).await?,
            None => Vec::new(),
        };
        let early = u8::from(!video.candidates.is_empty());
        let scratch = Scratch::new(&self.scratch, "rest", video.id.raw())?;
        let order = Order::Encode(Encode {
            input: self.original(&video)?,
            scratch: scratch.path().to_owned(),
            rungs: rest.iter().map(|rendition| self.rung(&video, rendition)).collect(),
            cuts_us,
            thumbnails: self.config.thumbnails.saturating_sub(early).max(1),
            thumbnail_sizes: thumbnails::SIZES.to_vec(),
            storyboard: self.config.storyboard.then_some(thumbnails::STORYBOARD),
        });
        self.make(&video, order, &scratch, &rest, cancelled).await?;
        self.let_original_go(&video, cancelled).await
    }

    /// Deletes the original of a video whose renditions are all made, unless it is to be kept, or holds sound tracks
    /// that no rendition has.
    async fn let_original_go(
        &self,
        video: &Video,
        cancelled: &CancellationToken,
    ) -> Result<(), Error> {
        let renditions = self.renditions(video.id).await?;
        let all = renditions.iter().all(|rendition| rendition.state == RenditionState::Ready);
        if !all || !video.source.kept || self.service.config.uploads.keep_original {
            return Ok(());
        }
        let there = self.service.blobs.original_size(video.id).await?.is_some();
        if there && self.facts(video, cancelled).await?.audio.len() > 1 {
            return Ok(());
        }
        // The file first: a crash in between leaves this to the next try.
        self.service.blobs.delete_original(video.id).await?;
        publishing::original_gone(&self.service, video.id).await?;
        Ok(())
    }

    async fn make(
        &self,
        video: &Video,
        order: Order,
        scratch: &Scratch,
        renditions: &[Rendition],
        cancelled: &CancellationToken,
    ) -> Result<(), Error> {
        let folder = scratch.path().to_owned();
        let (service, metrics) = (&*self.service, &self.metrics);
        let early = video.candidates.first().cloned();
        let mut intake =
            Intake::begin(service, metrics, video.id, folder, renditions, early).await?;
        let duration_ms = video.footage.as_ref().map_or(0, |footage| footage.duration_ms);
        let request = Request { order, limits: self.limits(duration_ms) };
        let mut process = self.runner()?.start(&request).await?;
        let said = loop {
            match process.next(cancelled).await? {
                Heard::Progress(progress) => intake.hear(progress).await?,
                Heard::Said(said) => break said,
            }
        };
        let Said::Done(damaged) = said else {
            return Err(Error::Died("it did not say that it is done".to_owned()));
        };
        if !intake.is_whole() {
            return Err(Error::Died("it left a rung half made".to_owned()));
        }
        info!(video.id = ?video.id, renditions = renditions.len(), damaged, "made renditions");
        Ok(())
    }

    /// A video that is still there.
    async fn wanted(&self, video: Id<Video>) -> Result<Video, Error> {
        let row = self.service.store.get::<Video>(&video.to_key()).await?;
        row.map(Stored::into_row).ok_or(Error::Cancelled)
    }

    /// All renditions of a video.
    pub(crate) async fn renditions(&self, video: Id<Video>) -> Result<Vec<Rendition>, Error> {
        let rows = self.service.store.list::<Rendition>(&video.to_key(), RENDITIONS_MAX).await?;
        Ok(rows.into_iter().map(Stored::into_row).collect())
    }

    /// When the segments of a rendition begin, in microseconds.
    async fn cuts(&self, rendition: &Rendition) -> Result<Vec<u64>, Error> {
        let segments = files::segments(&self.service.store, rendition).await?;
        Ok(segments.iter().map(|segment| segment.start_us).collect())
    }

    fn original(&self, video: &Video) -> Result<PathBuf, Error> {
        self.service.blobs.original_path(video.id).ok_or(Error::NotFound("Original"))
    }

    fn rendition(&self, video: &Video, footage: &Footage, planned: &Planned) -> Rendition {
        let now = self.service.now();
        Rendition {
            id: self.service.id(),
            video: video.id,
            rung: planned.rung.clone(),
            resolution: planned.resolution,
            width: planned.width,
            height: planned.height,
            fps_milli: planned.fps_milli,
            copied: planned.copied,
            has_audio: footage.has_audio,
            has_video: planned.width > 0,
            codecs: String::new(),
            init: None,
            state: RenditionState::Waiting,
            segments: 0,
            bytes: 0,
            duration_us: 0,
            peak_bps: 0,
            average_bps: 0,
            torrent: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// How a rendition is encoded.
    fn rung(&self, video: &Video, rendition: &Rendition) -> Rung {
        let shorter = rendition.width.min(rendition.height);
        let suited = self.ladder.suited_to(shorter);
        let source_fps_milli = video.footage.as_ref().map_or(0, |footage| footage.fps_milli);
        let picture = suited.filter(|_| rendition.width > 0).map(|rung| {
            let kbit = plan::maxrate_kbit(rung, rendition.fps_milli);
            let rate_bps_max = u64::from(kbit).saturating_mul(1_000);
            let kept = source_fps_milli > 0 && rendition.fps_milli >= source_fps_milli;
            PictureRung {
                width: rendition.width,
                height: rendition.height,
                // A source that keeps its rate on average may be faster now and then.
                fps_milli_max: if kept { plan::cap_milli(rung) } else { rendition.fps_milli },
                crf: rung.crf,
                rate_bps_max,
                buffer_bits: rate_bps_max.saturating_mul(BUFFER_S),
                preset: rung.preset.clone(),
            }
        });
        let sounding = if rendition.width > 0 { suited } else { self.ladder.rungs.last() };
        let audio_kbit = sounding.map_or(128, |rung| rung.audio_kbit);
        let audio_bps = u64::from(audio_kbit).saturating_mul(1_000);
        Rung { name: rendition.rung.clone(), picture, audio_bps }
    }

    /// What a transcode of a source of this length may use.
    pub(crate) fn limits(&self, duration_ms: u64) -> Limits {
        let cpu_s = (duration_ms / 1_000).saturating_mul(self.config.cpu_per_second_max);
        Limits {
            require_sandbox: self.config.require_sandbox,
            cpu_s_max: cpu_s.max(CPU_S_MIN),
            memory_bytes_max: self.config.memory_bytes_max,
            threads: self.config.threads,
            nice: self.config.nice,
            ..Limits::default()
        }
    }
}

/// What is kept of what probing found.
fn footage(facts: &Facts) -> Footage {
    let picture = facts.picture.as_ref();
    Footage {
        duration_ms: facts.duration_us / 1_000,
        width: picture.map_or(0, |picture| picture.width),
        height: picture.map_or(0, |picture| picture.height),
        fps_milli: picture.map_or(0, |picture| picture.fps_milli),
        has_audio: !facts.audio.is_empty(),
        has_video: picture.is_some(),
    }
}
