//! A file is whole: it becomes the original of a video.

use std::path::Path;

use kinora_model::channel::Channel;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::upload::Upload;
use kinora_model::video::{Counts, Source, Video, VideoState, VideoWords};
use kinora_store::tables::VideoCounts;
use kinora_store::{Batch, Stored};
use uuid::Uuid;

use super::{Progress, part_file};
use crate::Service;
use crate::attempt::attempt;
use crate::error::Error;

/// What an upload that is done has become.
pub(super) async fn done(service: &Service, upload: &Upload) -> Result<Progress, Error> {
    let gone = Error::NotFound("Video");
    let Some(id) = upload.done else { return Err(gone) };
    let video = service.store.get::<Video>(&id.to_key()).await?;
    video.map(|video| Progress::Done(Box::new(video.into_row()))).ok_or(gone)
}

/// Makes a video of an upload all of whose bytes are here; whoever calls occupies it. A second time finds the same video.
pub(super) async fn finish(service: &Service, id: Id<Upload>) -> Result<Progress, Error> {
    let upload = existing(service, id).await?;
    if upload.done.is_some() {
        return done(service, &upload).await;
    }
    let video = Id::<Video>::from_raw(id.raw());
    let path = service.parts.path(id)?;
    if tokio::fs::try_exists(&path).await? {
        service.blobs.adopt_original(video, &path).await?;
    } else if service.blobs.original_size(video).await? != Some(upload.bytes) {
        begin_anew(service, id).await?;
        return Err(Error::WrongOffset { expected_bytes: 0 });
    }
    let landed = attempt(|| async {
        let upload = existing(service, id).await?;
        let mut batch = Batch::default();
        let words = upload.words.clone();
        let row = add(service, &mut batch, video, upload.channel, (words, source(&upload))).await?;
        let now = service.now();
        let new = Upload { done: Some(video), touched_at: now, ..Upload::clone(&upload) };
        batch.replace_row(&upload, &new)?;
        service.store.commit(batch).await?;
        Ok(row)
    })
    .await;
    match landed {
        Ok(row) => Ok(Progress::Done(Box::new(row))),
        // Its channel is gone, or it was cancelled: so is what it was to become.
        Err(error @ (Error::Invalid { .. } | Error::NotFound(_))) => {
            service.blobs.delete_original(video).await?;
            abandon(service, id).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Makes a video of a file that came in one piece, which is gone from `path` afterwards.
pub(super) async fn land(
    service: &Service,
    path: &Path,
    channel: Id<Channel>,
    words: &VideoWords,
    source: Source,
) -> Result<Video, Error> {
    let video = service.id();
    service.blobs.adopt_original(video, path).await?;
    let landed = attempt(|| async {
        let mut batch = Batch::default();
        let said = (words.clone(), source.clone());
        let row = add(service, &mut batch, video, channel, said).await?;
        service.store.commit(batch).await?;
        Ok(row)
    })
    .await;
    if landed.is_err() {
        service.blobs.delete_original(video).await?;
    }
    landed
}

fn source(upload: &Upload) -> Source {
    Source { filename: upload.filename.clone(), bytes: upload.bytes, kept: true }
}

/// Adds to a batch a video whose file is here, and that it is to be probed.
async fn add(
    service: &Service,
    batch: &mut Batch,
    id: Id<Video>,
    channel: Id<Channel>,
    (words, source): (VideoWords, Source),
) -> Result<Video, Error> {
    let channel = service.store.get::<Channel>(&channel.to_key()).await?;
    let gone = || Error::invalid("channelId", "The channel of this video was deleted");
    let channel = channel.ok_or_else(gone)?;
    // A deletion of the channel in the same moment must see the video.
    batch.expect_row(&channel);
    let now = service.now();
    let video = Video {
        id,
        uuid: Uuid::new_v4(),
        channel: channel.id,
        account: channel.account,
        words,
        state: VideoState::Processing,
        failure: None,
        source,
        footage: None,
        thumbnail: None,
        thumbnail_chosen: false,
        candidates: Vec::new(),
        storyboard: None,
        created_at: now,
        updated_at: now,
        published_at: None,
        remote: None,
    };
    batch.insert_row(&video)?;
    batch.insert_row(&VideoCounts { video: id, counts: Counts::default() })?;
    service.journal.record(batch, &Event::VideoCreated { video: id }, now)?;
    service.queue.enqueue(batch, &Job::Probe { video: id })?;
    Ok(video)
}

async fn existing(service: &Service, id: Id<Upload>) -> Result<Stored<Upload>, Error> {
    service.store.get::<Upload>(&id.to_key()).await?.ok_or(Error::NotFound("Upload"))
}

/// Neither the part file nor the original is there: the upload begins again.
async fn begin_anew(service: &Service, id: Id<Upload>) -> Result<(), Error> {
    attempt(|| async {
        let old = existing(service, id).await?;
        let mut batch = Batch::default();
        let new = Upload { received_bytes: 0, ..Upload::clone(&old) };
        batch.replace_row(&old, &new)?;
        service.store.commit(batch).await?;
        Ok(())
    })
    .await
}

/// Removes an upload that nothing can become of, and its part file.
pub(super) async fn abandon(service: &Service, id: Id<Upload>) -> Result<(), Error> {
    attempt(|| async {
        let Some(old) = service.store.get::<Upload>(&id.to_key()).await? else { return Ok(()) };
        let mut batch = Batch::default();
        batch.delete_row(&old);
        service.store.commit(batch).await?;
        Ok(())
    })
    .await?;
    part_file::remove(&service.parts.path(id)?).await
}
