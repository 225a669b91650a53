//! The picture that stands for a video, as its owner chooses.

use kinora_model::event::Event;
use kinora_model::picture::Picture;
use kinora_model::video::{Thumbnail, Video};
use kinora_store::blob::Blobs;
use kinora_store::{Batch, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::pictures::NewPicture;
use crate::publishing::own_pictures;
use crate::{Service, Viewer, outbound};

/// Width and height of the small picture, in pixels.
pub const SMALL: (u32, u32) = (280, 157);

/// Width and height of the large picture, in pixels.
pub const LARGE: (u32, u32) = (850, 480);

/// Sets the picture of a video, already decoded and cut to [`SMALL`] and [`LARGE`] by the sandbox.
///
/// # Errors
/// As [`super::editable`]; [`Error::NoSpace`].
pub async fn set_thumbnail(
    service: &Service,
    who: &Viewer,
    name: &str,
    small: &NewPicture,
    large: &NewPicture,
) -> Result<(), Error> {
    let created_at = service.now();
    let picture = |made: &NewPicture| Picture {
        blob: Blobs::name_of(&made.bytes),
        width: made.width,
        height: made.height,
        created_at,
    };
    let thumbnail = Thumbnail { small: picture(small), large: picture(large) };
    // Held until the batch has landed: no sweep may take them for orphans.
    let blobs = [thumbnail.small.blob, thumbnail.large.blob];
    let _hold = service.blobs.hold_all(&blobs).await;
    service.blobs.put(small.bytes.clone()).await?;
    service.blobs.put(large.bytes.clone()).await?;
    attempt(|| async {
        let old = super::editable(service, who, name).await?;
        choose(service, &old, thumbnail.clone()).await
    })
    .await
}

/// Takes one of the made pictures, by its place from 0.
///
/// # Errors
/// As [`super::editable`]; [`Error::NotFound`] if there is no such picture.
pub async fn pick_thumbnail(
    service: &Service,
    who: &Viewer,
    name: &str,
    place: usize,
) -> Result<(), Error> {
    attempt(|| async {
        let old = super::editable(service, who, name).await?;
        let picked = old.candidates.get(place).cloned().ok_or(Error::NotFound("Thumbnail"))?;
        choose(service, &old, picked).await
    })
    .await
}

async fn choose(service: &Service, old: &Stored<Video>, thumbnail: Thumbnail) -> Result<(), Error> {
    let now = service.now();
    let new = Video {
        thumbnail: Some(thumbnail),
        thumbnail_chosen: true,
        updated_at: now,
        ..Video::clone(old)
    };
    let mut batch = Batch::default();
    own_pictures(service, &mut batch, Some(old), Some(&new))?;
    batch.replace_row(old, &new)?;
    outbound::video_changed(service, &mut batch, Some(old), Some(&new))?;
    service.journal.record(&mut batch, &Event::VideoUpdated { video: old.id }, now)?;
    service.store.commit(batch).await?;
    Ok(())
}
