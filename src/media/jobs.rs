//! Workers: take media jobs from the queue, carry them out, and say how they ended.

use std::sync::Arc;
use std::time::Duration;

use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::job::{Job, Lane};
use kinora_model::rendition::RenditionState;
use kinora_model::video::{Failure, Video};
use kinora_service::publishing;
use kinora_store::Batch;
use kinora_store::queue::{LEASE, Leased};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use crate::Media;
use crate::error::Error;

/// Workers for what takes moments.
const LIGHT_WORKERS: usize = 2;

/// How often a worker says that it still has its job.
const RENEW: Duration = Duration::from_secs(LEASE.as_secs() / 3);

/// How long a worker waits after the queue could not be read.
const TROUBLE_WAIT: Duration = Duration::from_secs(2);

/// How often a job that waits for room on the disk looks for it.
const ROOM_WAIT: Duration = Duration::from_secs(5);

/// How long a light job that found the disk full is put back.
const POSTPONED: Duration = Duration::from_secs(60);

/// How long workers may take to stop.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// Events that are read at a time.
const EVENTS_MAX: usize = 256;

/// The workers of the media room.
#[derive(Debug)]
pub struct Workers {
    tasks: JoinSet<()>,
    stopping: CancellationToken,
}

impl Workers {
    /// Stops: transcoders are ended, and their jobs are given back without a try being spent.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WAIT, all).await.is_err() {
            warn!("media workers did not stop in time; their jobs are taken up at the next start");
        }
    }
}

impl Media {
    /// Starts the workers of all lanes.
    #[must_use]
    pub fn start(self: &Arc<Self>) -> Workers {
        let mut tasks = JoinSet::new();
        let many = self.config.concurrency.max(1);
        for (lane, count) in
            [(Lane::MediaFirst, many), (Lane::Media, many), (Lane::Light, LIGHT_WORKERS)]
        {
            for number in 0..count {
                let media = Arc::clone(self);
                tasks.spawn(async move { media.work(lane, format!("{lane:?}-{number}")).await });
            }
        }
        let media = Arc::clone(self);
        tasks.spawn(async move { media.heed_deletions().await });
        Workers { tasks, stopping: self.stopping.clone() }
    }

    async fn work(&self, lane: Lane, name: String) {
        while !self.stopping.is_cancelled() {
            match self.service.queue.lease(lane, &name).await {
                Ok(Some(leased)) => {
                    let span = info_span!("job", job.id = %leased.id, job.kind = leased.job.kind(), job.tries = leased.tries);
                    Box::pin(self.carry_out(&leased)).instrument(span).await;
                }
                Ok(None) => {
                    self.unless_stopping(self.service.queue.wait(lane)).await;
                }
                Err(error) => {
                    warn!(%error, "the queue could not be read");
                    self.unless_stopping(tokio::time::sleep(TROUBLE_WAIT)).await;
                }
            }
        }
    }

    /// Waits for something, or for the end; true if there is time left.
    async fn unless_stopping(&self, work: impl Future<Output = ()>) -> bool {
        tokio::select! {
            () = self.stopping.cancelled() => false,
            () = work => true,
        }
    }

    async fn carry_out(&self, leased: &Leased) {
        let kind = leased.job.kind();
        if leased.is_spent() {
            let died = Error::Died("all tries ended without a word".to_owned());
            return self.give_up_job(leased, &died).await;
        }
        let cancelled = self.stopping.child_token();
        let running = self.running.enter(about(&leased.job), cancelled.clone());
        let ended =
            self.holding(leased, &cancelled, Box::pin(self.handle(&leased.job, &cancelled))).await;
        drop(running);
        let said = match ended {
            Ok(()) => {
                self.metrics.ended(kind, "done");
                self.service.queue.finish(leased, Batch::default()).await
            }
            Err(Error::Cancelled | Error::Stopping) if self.stopping.is_cancelled() => {
                self.service.queue.release(leased).await
            }
            Err(Error::Cancelled | Error::NotFound(_)) => {
                info!("what the job was about is gone");
                self.metrics.ended(kind, "cancelled");
                self.service.queue.finish(leased, Batch::default()).await
            }
            // What frees the disk must never wait behind what needs room on it.
            Err(Error::NoSpace) if leased.job.lane() == Lane::Light => {
                self.metrics.ended(kind, "waiting");
                self.service.queue.postpone(leased, POSTPONED, "the disk is full").await
            }
            Err(Error::NoSpace) => {
                self.metrics.ended(kind, "waiting");
                self.wait_for_room(leased).await;
                self.service.queue.release(leased).await
            }
            Err(error @ Error::Refused { .. }) => return self.give_up_job(leased, &error).await,
            Err(error) if leased.is_last_try() => return self.give_up_job(leased, &error).await,
            Err(error) => {
                warn!(error = chain(&error), "a job failed and will be tried again");
                self.metrics.ended(kind, "retried");
                self.service.queue.retry(leased, &chain(&error)).await.map(|_| ())
            }
        };
        if let Some(video) = about(&leased.job) {
            self.service.progress.settle(video);
        }
        match said {
            Ok(()) | Err(kinora_store::Error::LeaseLost) => {}
            // The lease runs out, and the job is taken up again.
            Err(error) => warn!(%error, "the end of a job could not be written"),
        }
    }

    async fn handle(&self, job: &Job, cancelled: &CancellationToken) -> Result<(), Error> {
        match job {
            Job::Probe { video } => self.probe(*video, cancelled).await,
            Job::PackageFirst { video } => Box::pin(self.package_first(*video, cancelled)).await,
            Job::PackageRest { video } => Box::pin(self.package_rest(*video, cancelled)).await,
            Job::Torrent { rendition } => self.describe(*rendition).await,
            Job::RemoveVideo { video } => self.remove_video(*video).await,
            Job::RemoveReplica { video } => self.remove_replica(*video).await,
            Job::RemoveBlobs { blobs } => self.remove_blobs(blobs).await,
            // Other rooms have lanes of their own.
            Job::Federate { .. }
            | Job::Receive { .. }
            | Job::Backfill { .. }
            | Job::ReadComments { .. }
            | Job::Replicate { .. }
            | Job::KeepPact { .. } => Ok(()),
        }
    }

    /// Does the work of a job, and keeps the job meanwhile; work whose job is lost is cancelled.
    async fn holding<T>(
        &self,
        leased: &Leased,
        cancelled: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(RENEW) => match self.service.queue.renew(leased).await {
                    Ok(()) => {}
                    Err(kinora_store::Error::LeaseLost) => cancelled.cancel(),
                    Err(error) => warn!(%error, "a job could not be held on to"),
                },
            }
        }
    }

    /// Gives a job up, and says what follows for its video.
    async fn give_up_job(&self, leased: &Leased, error: &Error) {
        let reason = chain(error);
        match error {
            Error::Refused { .. } => info!(reason, "a job was refused"),
            _ => error!(reason, "a job was given up"),
        }
        self.metrics.ended(leased.job.kind(), "buried");
        if let Err(error) = self.tell_failure(&leased.job, &failure(error)).await {
            // Without this being written the job must not go: its next worker says it again.
            return warn!(error = chain(&error), "a failure could not be written");
        }
        match self.service.queue.bury(leased, &reason, Batch::default()).await {
            Ok(()) | Err(kinora_store::Error::LeaseLost) => {}
            Err(error) => warn!(%error, "a job could not be buried"),
        }
    }

    async fn tell_failure(&self, job: &Job, failure: &Failure) -> Result<(), Error> {
        match job {
            Job::Probe { video } | Job::PackageFirst { video } => {
                publishing::failed(&self.service, *video, failure.clone()).await?;
            }
            Job::PackageRest { video } => {
                for rendition in self.renditions(*video).await? {
                    if !matches!(rendition.state, RenditionState::Ready | RenditionState::Failed) {
                        publishing::rendition_failed(&self.service, *video, rendition.id).await?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Holds a job until there is room on the disk for it to go on.
    async fn wait_for_room(&self, leased: &Leased) {
        warn!("the disk is full: the job waits");
        let video = match about(&leased.job) {
            Some(video) => self.service.store.get::<Video>(&video.to_key()).await.ok().flatten(),
            None => None,
        };
        let needed = room_for(video.as_ref().map_or(0, |video| video.source.bytes));
        if let Some(video) = video {
            self.service.progress.waiting(video.id, true);
        }
        while self.unless_stopping(tokio::time::sleep(ROOM_WAIT)).await {
            if let Err(kinora_store::Error::LeaseLost) = self.service.queue.renew(leased).await {
                break;
            }
            if self.free_bytes().is_some_and(|free| free >= needed) {
                info!("there is room on the disk again");
                break;
            }
        }
        if let Some(video) = about(&leased.job) {
            self.service.progress.waiting(video, false);
        }
    }

    /// Follows the journal for videos that are gone, and ends what is being made of them.
    async fn heed_deletions(&self) {
        let mut news = self.service.journal.subscribe();
        let mut read = self.service.journal.head().await.unwrap_or_default();
        loop {
            match self.service.journal.read(read, EVENTS_MAX).await {
                Ok(entries) => {
                    for entry in &entries {
                        read = entry.number;
                        if let Event::VideoDeleted { video } = entry.event {
                            self.running.cancel(video);
                        }
                    }
                    if entries.len() == EVENTS_MAX {
                        continue;
                    }
                }
                Err(error) => warn!(%error, "the journal could not be read"),
            }
            tokio::select! {
                () = self.stopping.cancelled() => return,
                changed = news.changed() => if changed.is_err() { return },
            }
        }
    }
}

/// The video that a transcoder works on for a job.
const fn about(job: &Job) -> Option<Id<Video>> {
    match job {
        Job::Probe { video } | Job::PackageFirst { video } | Job::PackageRest { video } => {
            Some(*video)
        }
        _ => None,
    }
}

/// Room that must be there before a job that found the disk full is tried again, for a source of so many bytes.
fn room_for(source_bytes: u64) -> u64 {
    source_bytes.clamp(16 << 20, 256 << 20)
}

/// What the owner of a video is told.
fn failure(error: &Error) -> Failure {
    match error {
        Error::Refused { code, detail } => {
            Failure { code: (*code).to_owned(), detail: detail.clone() }
        }
        _ => Failure {
            code: "tries-exhausted".to_owned(),
            detail: "The video could not be made in several tries. The server's log says why."
                .to_owned(),
        },
    }
}

/// An error with all its causes.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
