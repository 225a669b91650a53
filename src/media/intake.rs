//! Takes in what a transcoder makes: its files become blobs, its lines become rows.
//!
//! Nothing a transcoder says is believed that could lead out of its scratch folder: paths are worked out here, only plain
//! files are taken, and every hash is checked as the file becomes a blob.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::picture::BlobName;
use kinora_model::rendition::{Init, Rendition, RenditionState, Segment};
use kinora_model::video::{Thumbnail, Video};
use kinora_order::{self as order, Progress};
use kinora_service::Service;
use kinora_service::progress::Made;
use kinora_service::publishing;
use kinora_store::table::row_key;
use kinora_store::tables::{BlobOwner, Owner};
use kinora_store::{Batch, Range, Row, Stored};
use tokio::time::Instant;

use crate::error::Error;
use crate::files::SEGMENTS_MAX;
use crate::hls::multivariant::measure;
use crate::metrics::Metrics;
use crate::thumbnails::Thumbnails;

/// Segments that are taken in together at most.
const TOGETHER_MAX: usize = 32;

/// How long a segment waits for others to be taken in with it.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// How often a batch is tried again when someone else changed a row.
const TRIES_MAX: usize = 8;

/// Takes in the work of one transcoder.
#[derive(Debug)]
pub(crate) struct Intake<'a> {
    service: &'a Service,
    metrics: &'a Metrics,
    video: Id<Video>,
    scratch: PathBuf,
    rungs: HashMap<String, Making>,
    thumbnails: Thumbnails,
    waiting: usize,
    taken_in_at: Instant,
    begun_at: Instant,
}

/// A rendition that is being made.
#[derive(Debug)]
struct Making {
    rendition: Id<Rendition>,
    init: Option<order::Init>,
    waiting: Vec<order::Segment>,
    taken: Vec<Segment>,
    ready: bool,
}

impl<'a> Intake<'a> {
    /// Begins to take in these renditions of a video, whose files come to lie in `scratch`: whatever an earlier try left
    /// of them counts no more. `early` is a thumbnail that stands for the video already.
    pub(crate) async fn begin(
        service: &'a Service,
        metrics: &'a Metrics,
        video: Id<Video>,
        scratch: PathBuf,
        renditions: &[Rendition],
        early: Option<Thumbnail>,
    ) -> Result<Self, Error> {
        let now = Instant::now();
        let mut intake = Self {
            service,
            metrics,
            video,
            scratch: scratch.clone(),
            rungs: HashMap::new(),
            thumbnails: Thumbnails::of(video, scratch, early),
            waiting: 0,
            taken_in_at: now,
            begun_at: now,
        };
        for rendition in renditions {
            intake.change(rendition.id, Batch::default(), restart).await?;
            let making = Making {
                rendition: rendition.id,
                init: None,
                waiting: Vec::new(),
                taken: Vec::new(),
                ready: false,
            };
            intake.rungs.insert(rendition.rung.clone(), making);
        }
        service.progress.changed(video);
        Ok(intake)
    }

    /// Hears a line of progress.
    pub(crate) async fn hear(&mut self, progress: Progress) -> Result<(), Error> {
        match progress {
            Progress::Percent { rung, done_us, total_us } => {
                self.percent(&rung, done_us, total_us)?
            }
            Progress::Init(init) => {
                let making = self.making(&init.rung)?;
                making.init = Some(init);
            }
            Progress::Segment(segment) => {
                let making = self.making(&segment.rung)?;
                let place = making.taken.len().saturating_add(making.waiting.len());
                if u32::try_from(place) != Ok(segment.index) || place >= SEGMENTS_MAX {
                    return Err(odd("segments come out of order"));
                }
                making.waiting.push(segment);
                self.waiting = self.waiting.saturating_add(1);
            }
            Progress::RungDone { rung, segments, .. } => return self.done(&rung, segments).await,
            Progress::Thumbnail { index, pictures, .. } => {
                self.thumbnails.candidate(self.service, index, &pictures).await?;
            }
            Progress::Storyboard { picture, sprite_width, sprite_height, sprite_ms, .. } => {
                let sprite = (sprite_width, sprite_height);
                self.thumbnails.storyboard(self.service, &picture, sprite, sprite_ms).await?;
            }
            Progress::Sandbox(_) | Progress::Heartbeat | Progress::Outcome(_) => {}
        }
        if self.waiting >= TOGETHER_MAX || self.waiting > 0 && self.taken_in_at.elapsed() > WAIT_MAX
        {
            self.take_in().await?;
        }
        Ok(())
    }

    /// True if all renditions are whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.rungs.values().all(|making| making.ready)
    }

    /// Thumbnail candidates that came.
    pub(crate) fn thumbnails(&self) -> usize {
        self.thumbnails.len()
    }

    fn making(&mut self, rung: &str) -> Result<&mut Making, Error> {
        self.rungs.get_mut(rung).ok_or_else(|| odd("it made a rung that nobody asked for"))
    }

    fn percent(&mut self, rung: &str, done_us: u64, total_us: u64) -> Result<(), Error> {
        let begun = self.begun_at;
        let (video, rendition) = (self.video, self.making(rung)?.rendition);
        self.service.progress.made(video, rendition, made(done_us, total_us, begun.elapsed()));
        Ok(())
    }

    /// Takes in all that waits.
    async fn take_in(&mut self) -> Result<(), Error> {
        let rungs: Vec<String> = self.rungs.keys().cloned().collect();
        for rung in rungs {
            self.take_in_rung(&rung).await?;
        }
        self.taken_in_at = Instant::now();
        self.waiting = 0;
        Ok(())
    }

    async fn take_in_rung(&mut self, rung: &str) -> Result<(), Error> {
        let (service, scratch, video) = (self.service, self.scratch.join(rung), self.video);
        let making = self.making(rung)?;
        let Some(init) = making.init.clone() else {
            return if making.waiting.is_empty() {
                Ok(())
            } else {
                Err(odd("segments before init"))
            };
        };
        if making.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut making.waiting);
        let rendition = making.rendition;
        let first = making.taken.is_empty();
        let init_blob = name(&init.sha256)?;
        let mut files = Vec::with_capacity(waiting.len().saturating_add(1));
        if first {
            files.push((init_blob, plain_file(&scratch, &init.sha256, "mp4", init.bytes)?));
        }
        let mut rows = Vec::with_capacity(waiting.len());
        for segment in &waiting {
            let blob = name(&segment.sha256)?;
            files.push((blob, plain_file(&scratch, &segment.sha256, "m4s", segment.bytes)?));
            rows.push(Segment {
                rendition,
                video,
                index: segment.index,
                blob,
                bytes: segment.bytes,
                start_us: segment.start_us,
                duration_us: segment.duration_us,
            });
        }
        let names: Vec<BlobName> = files.iter().map(|(blob, _)| *blob).collect();
        let _hold = service.blobs.hold_all(&names).await;
        service.blobs.adopt_all(files).await?;
        let mut batch = Batch::default();
        for blob in &names {
            batch.put_row(&BlobOwner { blob: *blob, owner: Owner::Video(video) })?;
        }
        for row in &rows {
            batch.put_row(row)?;
        }
        self.forget_older(&mut batch, rendition, &rows, &names).await?;
        rows.iter().for_each(|row| self.metrics.segment(row.bytes));
        let making = self.making(rung)?;
        making.taken.extend(rows);
        let taken = Taken::of(&init, init_blob, &making.taken);
        self.change(rendition, batch, |row| taken.write(row)).await
    }

    /// Lets go of the blobs of an earlier try whose rows are written over. A repeated try usually makes the same bytes,
    /// so that there are none.
    async fn forget_older(
        &self,
        batch: &mut Batch,
        rendition: Id<Rendition>,
        rows: &[Segment],
        kept: &[BlobName],
    ) -> Result<(), Error> {
        let keys: Vec<_> = rows.iter().map(Row::key).collect();
        let older = self.service.store.get_many::<Segment>(&keys).await?;
        let older: Vec<Segment> = older.into_iter().flatten().map(Stored::into_row).collect();
        debug_assert!(older.iter().all(|segment| segment.rendition == rendition));
        self.let_go(batch, &older, kept)
    }

    fn let_go(&self, batch: &mut Batch, older: &[Segment], kept: &[BlobName]) -> Result<(), Error> {
        let kept: HashSet<&BlobName> = kept.iter().collect();
        let gone = older.iter().map(|segment| segment.blob).filter(|blob| !kept.contains(blob));
        let gone: Vec<BlobName> = gone.collect();
        for blob in &gone {
            let owner = BlobOwner { blob: *blob, owner: Owner::Video(self.video) };
            batch.delete(row_key::<BlobOwner>(&owner.key()));
        }
        if !gone.is_empty() {
            self.service.queue.enqueue(batch, &Job::RemoveBlobs { blobs: gone })?;
        }
        Ok(())
    }

    /// A rung is whole: so is its rendition.
    async fn done(&mut self, rung: &str, segments: u32) -> Result<(), Error> {
        self.take_in_rung(rung).await?;
        let making = self.making(rung)?;
        let rendition = making.rendition;
        if u32::try_from(making.taken.len()) != Ok(segments) || segments == 0 {
            return Err(odd("a rung has other segments than it says"));
        }
        let made: Vec<BlobName> = making.taken.iter().map(|segment| segment.blob).collect();
        let mut batch = Batch::default();
        let older = self.beyond(rendition, segments).await?;
        self.let_go(&mut batch, &older, &made)?;
        older.iter().for_each(|row| batch.delete(row_key::<Segment>(&row.key())));
        if !batch.is_empty() {
            self.service.store.commit(batch).await?;
        }
        publishing::rendition_ready(self.service, self.video, rendition).await?;
        self.making(rung)?.ready = true;
        self.percent(rung, 1, 1)?;
        self.service.progress.changed(self.video);
        Ok(())
    }

    /// Segments of an earlier try that had more of them.
    async fn beyond(&self, rendition: Id<Rendition>, segments: u32) -> Result<Vec<Segment>, Error> {
        let table = row_key::<Segment>(&rendition.to_key());
        let mut range = Range::prefix(&table);
        range.from.extend_from_slice(&segments.to_be_bytes());
        let rows = self.service.store.list_range::<Segment>(&range, SEGMENTS_MAX).await?;
        Ok(rows.into_iter().map(Stored::into_row).collect())
    }

    /// Changes a rendition's row together with a batch; the work is cancelled if the row is gone, or was given up.
    async fn change(
        &self,
        rendition: Id<Rendition>,
        batch: Batch,
        change: impl Fn(&mut Rendition),
    ) -> Result<(), Error> {
        let key = [self.video.to_key(), rendition.to_key()].concat();
        for _ in 0..TRIES_MAX {
            let stored =
                self.service.store.get::<Rendition>(&key).await?.ok_or(Error::Cancelled)?;
            let mut row = (*stored).clone();
            if row.state == RenditionState::Failed {
                return Err(Error::Cancelled);
            }
            change(&mut row);
            row.updated_at = self.service.now();
            let mut whole = batch.clone();
            whole.replace_row(&stored, &row)?;
            match self.service.store.commit(whole).await {
                Err(kinora_store::Error::Conflict) => {}
                other => return Ok(other?),
            }
        }
        Err(kinora_store::Error::Conflict.into())
    }
}

/// What has been taken in of a rendition so far.
struct Taken {
    init: Init,
    codecs: String,
    width: u32,
    height: u32,
    fps_milli: u32,
    has_audio: bool,
    segments: u32,
    bytes: u64,
    duration_us: u64,
    peak_bps: u64,
    average_bps: u64,
}

impl Taken {
    fn of(init: &order::Init, blob: BlobName, segments: &[Segment]) -> Self {
        let rates = measure(segments);
        let sum = |of: fn(&Segment) -> u64| segments.iter().map(of).fold(0, u64::saturating_add);
        Self {
            init: Init { blob, bytes: init.bytes },
            codecs: init.codecs.clone(),
            width: init.width,
            height: init.height,
            fps_milli: init.fps_milli,
            has_audio: init.has_audio,
            segments: u32::try_from(segments.len()).unwrap_or(u32::MAX),
            bytes: sum(|segment| segment.bytes).saturating_add(init.bytes),
            duration_us: sum(|segment| segment.duration_us),
            peak_bps: rates.peak_bps,
            average_bps: rates.average_bps,
        }
    }

    fn write(&self, row: &mut Rendition) {
        row.init = Some(self.init.clone());
        row.codecs.clone_from(&self.codecs);
        row.width = self.width;
        row.height = self.height;
        row.fps_milli = self.fps_milli;
        row.has_audio = self.has_audio;
        row.has_video = self.width > 0;
        row.segments = self.segments;
        row.bytes = self.bytes;
        row.duration_us = self.duration_us;
        row.peak_bps = self.peak_bps;
        row.average_bps = self.average_bps;
    }
}

/// A rendition whose making begins, or begins again.
fn restart(row: &mut Rendition) {
    row.state = RenditionState::Running;
    row.init = None;
    row.segments = 0;
    row.bytes = 0;
    row.duration_us = 0;
}

/// How far a rendition is, and when it will be whole at the pace so far.
fn made(done_us: u64, total_us: u64, took: Duration) -> Made {
    let done = Duration::from_micros(done_us.min(total_us)).as_secs_f32();
    let total = Duration::from_micros(total_us).as_secs_f32();
    if total <= 0.0 {
        return Made::default();
    }
    let share = (done / total).clamp(0.0, 1.0);
    let left_s = (share > 0.01).then(|| took.as_secs_f32() / share * (1.0 - share));
    let eta_s = left_s.and_then(|s| Duration::try_from_secs_f32(s).ok());
    let eta_s = eta_s.and_then(|left| u32::try_from(left.as_secs()).ok());
    Made { percent: share * 100.0, eta_s }
}

fn odd(what: &str) -> Error {
    Error::Died(what.to_owned())
}

/// The blob of a hash in hex.
pub(crate) fn name(sha256: &str) -> Result<BlobName, Error> {
    BlobName::parse(sha256).ok_or_else(|| odd("a hash is none"))
}

/// The path of a plain file that a transcoder wrote, of the size it says: no link, nothing elsewhere.
pub(crate) fn plain_file(
    folder: &Path,
    sha256: &str,
    extension: &str,
    bytes: u64,
) -> Result<PathBuf, Error> {
    let path = folder.join(format!("{}.{extension}", name(sha256)?));
    let found = std::fs::symlink_metadata(&path)?;
    if !found.is_file() || found.len() != bytes {
        return Err(odd("a file is not what it says"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests;
