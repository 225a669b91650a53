//! Publishing: what becomes of a video while its renditions are made. The media room tells, one batch a fact.
//!
//! Every fact may be told twice: the second time changes nothing. All of them touch the video's row, so that two facts
//! told at once are put in order.

use std::collections::BTreeSet;

use kinora_model::clock::Timestamp;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::picture::BlobName;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::{Failure, Footage, Storyboard, Thumbnail, Video, VideoState};
use kinora_store::table::row_key;
use kinora_store::tables::{BlobOwner, Owner, blob_owner_key};
use kinora_store::{Batch, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, outbound};

/// The most renditions of a video.
pub const RENDITIONS_MAX: usize = 64;

/// Probing ended: what was found, and the renditions that are to be made. The first of them is asked for at once.
///
/// # Errors
/// [`Error::NotFound`] if the video is gone; [`Error::NoSpace`], [`Error::Store`].
pub async fn probed(
    service: &Service,
    video: Id<Video>,
    footage: Footage,
    renditions: &[Rendition],
) -> Result<(), Error> {
    change(service, video, |making| {
        if making.video.footage.is_some() && !making.renditions.is_empty() {
            return Ok(false);
        }
        making.video.footage = Some(footage.clone());
        for rendition in renditions {
            making.batch.insert_row(rendition)?;
        }
        service.queue.enqueue(&mut making.batch, &Job::PackageFirst { video })?;
        making.say(Event::VideoUpdated { video });
        Ok(true)
    })
    .await
}

/// A rendition that was planned as a copy of the source has to be encoded after all.
///
/// # Errors
/// As [`probed`].
pub async fn not_copyable(
    service: &Service,
    video: Id<Video>,
    rendition: Id<Rendition>,
) -> Result<(), Error> {
    change(service, video, |making| making.change_rendition(rendition, |row| row.copied = false))
        .await
}

/// A rendition is whole. The first of a video makes it watchable, unless its owner wants to wait for all, and asks for
/// the others.
///
/// # Errors
/// As [`probed`]; [`Error::NotFound`] also if the rendition is gone or was given up.
pub async fn rendition_ready(
    service: &Service,
    video: Id<Video>,
    rendition: Id<Rendition>,
) -> Result<(), Error> {
    change(service, video, |making| {
        match making.state_of(rendition) {
            Some(RenditionState::Ready) => return Ok(false),
            None | Some(RenditionState::Failed) => return Err(Error::NotFound("Rendition")),
            Some(RenditionState::Waiting | RenditionState::Running) => {}
        }
        let first = making.renditions.iter().all(|row| row.state != RenditionState::Ready);
        making.change_rendition(rendition, |row| row.state = RenditionState::Ready)?;
        making.say(Event::RenditionReady { video, rendition });
        service.queue.enqueue(&mut making.batch, &Job::Torrent { rendition })?;
        if first {
            service.queue.enqueue(&mut making.batch, &Job::PackageRest { video })?;
        }
        making.publish_if_enough();
        Ok(true)
    })
    .await
}

/// A rendition was given up. A video that waited for it alone is published without it; one that is left with none has
/// failed.
///
/// # Errors
/// As [`probed`].
pub async fn rendition_failed(
    service: &Service,
    video: Id<Video>,
    rendition: Id<Rendition>,
) -> Result<(), Error> {
    change(service, video, |making| {
        let unmade = [Some(RenditionState::Waiting), Some(RenditionState::Running)];
        if !unmade.contains(&making.state_of(rendition)) {
            return Ok(false);
        }
        making.change_rendition(rendition, |row| row.state = RenditionState::Failed)?;
        making.say(Event::VideoUpdated { video });
        if making.renditions.iter().all(|row| row.state == RenditionState::Failed) {
            making.fail(&Failure {
                code: "tries-exhausted".to_owned(),
                detail: "Nothing could be made of this file.".to_owned(),
            });
        }
        making.publish_if_enough();
        Ok(true)
    })
    .await
}

/// Nothing can be made of a file. A video that can be watched already stays as it is.
///
/// # Errors
/// As [`probed`].
pub async fn failed(service: &Service, video: Id<Video>, failure: Failure) -> Result<(), Error> {
    change(service, video, |making| {
        if making.video.state != VideoState::Processing {
            return Ok(false);
        }
        making.fail(&failure);
        let unmade = |row: &&Rendition| row.state != RenditionState::Ready;
        let unmade: Vec<_> = making.renditions.iter().filter(unmade).map(|row| row.id).collect();
        for rendition in unmade {
            making.change_rendition(rendition, |row| row.state = RenditionState::Failed)?;
        }
        Ok(true)
    })
    .await
}

/// Pictures to choose from, all that there are so far. The first stands for the video until its owner chooses. Whoever
/// tells holds their blobs.
///
/// # Errors
/// As [`probed`].
pub async fn thumbnails(
    service: &Service,
    video: Id<Video>,
    candidates: &[Thumbnail],
) -> Result<(), Error> {
    change(service, video, |making| {
        making.video.candidates = candidates.to_vec();
        if !making.video.thumbnail_chosen {
            making.video.thumbnail = candidates.first().cloned();
        }
        making.say(Event::VideoUpdated { video });
        Ok(true)
    })
    .await
}

/// The sprites for previews while seeking. Whoever tells holds their blob.
///
/// # Errors
/// As [`probed`].
pub async fn storyboard(
    service: &Service,
    video: Id<Video>,
    storyboard: &Storyboard,
) -> Result<(), Error> {
    change(service, video, |making| {
        making.video.storyboard = Some(storyboard.clone());
        making.say(Event::VideoUpdated { video });
        Ok(true)
    })
    .await
}

/// The uploaded file is not kept any more.
///
/// # Errors
/// As [`probed`].
pub async fn original_gone(service: &Service, video: Id<Video>) -> Result<(), Error> {
    change(service, video, |making| {
        let kept = std::mem::replace(&mut making.video.source.kept, false);
        Ok(kept)
    })
    .await
}

/// Its owner does not want to wait for all renditions any more: what can be watched is published.
///
/// # Errors
/// As [`probed`].
pub(crate) async fn reconsider(service: &Service, video: Id<Video>) -> Result<(), Error> {
    change(service, video, |making| {
        let before = making.video.state;
        making.publish_if_enough();
        Ok(making.video.state != before)
    })
    .await
}

/// A video that is being made, and what one fact changes of it.
struct Making {
    video: Video,
    renditions: Vec<Rendition>,
    stored: Vec<Stored<Rendition>>,
    batch: Batch,
    events: Vec<Event>,
    now: Timestamp,
}

impl Making {
    fn state_of(&self, rendition: Id<Rendition>) -> Option<RenditionState> {
        self.renditions.iter().find(|row| row.id == rendition).map(|row| row.state)
    }

    fn say(&mut self, event: Event) {
        self.events.push(event);
    }

    fn change_rendition(
        &mut self,
        rendition: Id<Rendition>,
        change: impl Fn(&mut Rendition),
    ) -> Result<bool, Error> {
        let place = self.stored.iter().zip(&mut self.renditions);
        let mut place = place.filter(|(old, _)| old.id == rendition);
        let (old, row) = place.next().ok_or(Error::NotFound("Rendition"))?;
        change(row);
        row.updated_at = self.now;
        self.batch.replace_row(old, row)?;
        Ok(true)
    }

    /// Publishes a video that was being made if there is enough to watch.
    fn publish_if_enough(&mut self) {
        let ready = |row: &Rendition| row.state == RenditionState::Ready;
        let settled = |row: &Rendition| ready(row) || row.state == RenditionState::Failed;
        let waits = self.video.words.wait_transcoding;
        let enough =
            self.renditions.iter().any(ready) && (!waits || self.renditions.iter().all(settled));
        if enough && self.video.state == VideoState::Processing {
            self.video.state = VideoState::Published;
            self.say(Event::VideoPublished { video: self.video.id });
        }
    }

    fn fail(&mut self, failure: &Failure) {
        self.video.state = VideoState::Failed;
        self.video.failure = Some(failure.clone());
        self.say(Event::VideoFailed { video: self.video.id });
    }
}

/// Changes a video, its renditions and what it owns, unless `work` finds nothing to change; tells those who watch.
async fn change(
    service: &Service,
    video: Id<Video>,
    work: impl Fn(&mut Making) -> Result<bool, Error>,
) -> Result<(), Error> {
    attempt(|| async {
        let old = service.store.get::<Video>(&video.to_key()).await?;
        let old = old.ok_or(Error::NotFound("Video"))?;
        let stored = service.store.list::<Rendition>(&video.to_key(), RENDITIONS_MAX).await?;
        let mut making = Making {
            video: Video::clone(&old),
            renditions: stored.iter().map(|row| Rendition::clone(row)).collect(),
            stored,
            batch: Batch::default(),
            events: Vec::new(),
            now: service.now(),
        };
        if !work(&mut making)? {
            return Ok(());
        }
        let Making { video: mut new, mut batch, events, now, .. } = making;
        new.updated_at = now;
        if new.state == VideoState::Published && new.published_at.is_none() {
            new.published_at = Some(now);
        }
        batch.replace_row(&old, &new)?;
        own_pictures(service, &mut batch, Some(&old), Some(&new))?;
        let whole = events.iter().any(|event| matches!(event, Event::RenditionReady { .. }));
        if whole || outbound::is_told(&old) != outbound::is_told(&new) {
            outbound::video_changed(service, &mut batch, Some(&old), Some(&new))?;
        }
        for event in &events {
            service.journal.record(&mut batch, event, now)?;
        }
        service.store.commit(batch).await?;
        Ok(())
    })
    .await?;
    service.progress.changed(video);
    Ok(())
}

/// Adds to a batch that a video refers to its present pictures, and no more to its former ones; blobs that lost an
/// owner are removed by a job.
pub(crate) fn own_pictures(
    service: &Service,
    batch: &mut Batch,
    old: Option<&Video>,
    new: Option<&Video>,
) -> Result<(), Error> {
    let (before, after) = (pictures(old), pictures(new));
    let Some(video) = new.or(old).map(|video| video.id) else { return Ok(()) };
    for blob in after.difference(&before) {
        batch.put_row(&BlobOwner { blob: *blob, owner: Owner::Video(video) })?;
    }
    let gone: Vec<BlobName> = before.difference(&after).copied().collect();
    for blob in &gone {
        batch.delete(row_key::<BlobOwner>(&blob_owner_key(blob, Owner::Video(video))));
    }
    if !gone.is_empty() {
        service.queue.enqueue(batch, &Job::RemoveBlobs { blobs: gone })?;
    }
    Ok(())
}

/// All blobs that the row of a video itself refers to.
fn pictures(video: Option<&Video>) -> BTreeSet<BlobName> {
    let Some(video) = video else { return BTreeSet::new() };
    let thumbnails = video.thumbnail.iter().chain(&video.candidates);
    let both = thumbnails.flat_map(|one| [one.small.blob, one.large.blob]);
    both.chain(video.storyboard.iter().map(|board| board.blob)).collect()
}

#[cfg(test)]
mod tests;
