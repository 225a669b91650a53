//! Stands in for the use cases of the same name until they are there.
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::rendition::{Rendition, RenditionState};
use kinora_model::video::{Failure, Footage, Storyboard, Thumbnail, Video, VideoState};
use kinora_service::{Error, Service};
use kinora_store::tables::{BlobOwner, Owner};
use kinora_store::{Batch, Stored};

async fn change(
    service: &Service,
    id: Id<Video>,
    change: impl Fn(&mut Video, &mut Batch) -> Result<(), Error>,
) -> Result<(), Error> {
    for _ in 0..8 {
        let stored: Stored<Video> =
            service.store.get(&id.to_key()).await?.ok_or(Error::NotFound("Video"))?;
        let mut row = (*stored).clone();
        let mut batch = Batch::default();
        change(&mut row, &mut batch)?;
        row.updated_at = service.now();
        batch.replace_row(&stored, &row)?;
        match service.store.commit(batch).await {
            Err(kinora_store::Error::Conflict) => {}
            other => return Ok(other?),
        }
    }
    Err(kinora_store::Error::Conflict.into())
}

async fn rendition(
    service: &Service,
    video: Id<Video>,
    id: Id<Rendition>,
    change: impl Fn(&mut Rendition),
) -> Result<(), Error> {
    let key = [video.to_key(), id.to_key()].concat();
    let stored: Stored<Rendition> =
        service.store.get(&key).await?.ok_or(Error::NotFound("Rendition"))?;
    let mut row = (*stored).clone();
    change(&mut row);
    let mut batch = Batch::default();
    batch.replace_row(&stored, &row)?;
    Ok(service.store.commit(batch).await?)
}

pub(crate) async fn probed(
    service: &Service,
    video: Id<Video>,
    footage: Footage,
    renditions: &[Rendition],
) -> Result<(), Error> {
    change(service, video, |row, batch| {
        row.footage = Some(footage.clone());
        for rendition in renditions {
            batch.insert_row(rendition)?;
        }
        service.queue.enqueue(batch, &Job::PackageFirst { video })?;
        Ok(())
    })
    .await
}
pub(crate) async fn not_copyable(
    service: &Service,
    video: Id<Video>,
    id: Id<Rendition>,
) -> Result<(), Error> {
    rendition(service, video, id, |row| row.copied = false).await
}
pub(crate) async fn original_gone(service: &Service, video: Id<Video>) -> Result<(), Error> {
    change(service, video, |row, _| {
        row.source.kept = false;
        Ok(())
    })
    .await
}
pub(crate) async fn rendition_ready(
    service: &Service,
    video: Id<Video>,
    id: Id<Rendition>,
) -> Result<(), Error> {
    rendition(service, video, id, |row| row.state = RenditionState::Ready).await?;
    change(service, video, |row, batch| {
        service.queue.enqueue(batch, &Job::Torrent { rendition: id })?;
        if row.state == VideoState::Processing {
            row.state = VideoState::Published;
            row.published_at = Some(service.now());
            service.queue.enqueue(batch, &Job::PackageRest { video })?;
            service.journal.record(batch, &Event::VideoPublished { video }, service.now())?;
        }
        Ok(())
    })
    .await
}
pub(crate) async fn rendition_failed(
    service: &Service,
    video: Id<Video>,
    id: Id<Rendition>,
) -> Result<(), Error> {
    rendition(service, video, id, |row| row.state = RenditionState::Failed).await
}
pub(crate) async fn failed(
    service: &Service,
    video: Id<Video>,
    failure: Failure,
) -> Result<(), Error> {
    change(service, video, |row, _| {
        row.state = VideoState::Failed;
        row.failure = Some(failure.clone());
        Ok(())
    })
    .await
}
pub(crate) async fn thumbnails(
    service: &Service,
    video: Id<Video>,
    all: &[Thumbnail],
) -> Result<(), Error> {
    change(service, video, |row, batch| {
        for picture in all.iter().flat_map(|one| [&one.small, &one.large]) {
            batch.put_row(&BlobOwner { blob: picture.blob, owner: Owner::Video(video) })?;
        }
        row.candidates = all.to_vec();
        row.thumbnail = all.first().cloned();
        Ok(())
    })
    .await
}
pub(crate) async fn storyboard(
    service: &Service,
    video: Id<Video>,
    made: &Storyboard,
) -> Result<(), Error> {
    change(service, video, |row, batch| {
        batch.put_row(&BlobOwner { blob: made.blob, owner: Owner::Video(video) })?;
        row.storyboard = Some(made.clone());
        Ok(())
    })
    .await
}
