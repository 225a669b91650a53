//! Pictures that are made of a video: thumbnails to choose from, and sprites for seek previews.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kinora_model::id::Id;
use kinora_model::picture::{BlobName, Picture};
use kinora_model::video::{Storyboard, Thumbnail, Video};
use kinora_order::{self as order, ThumbnailSize};
use kinora_service::Service;
use kinora_service::publishing;

use crate::error::Error;
use crate::intake::{name, plain_file};

/// The sizes that each thumbnail is made in: for lists, and for the player.
pub(crate) const SIZES: [ThumbnailSize; 2] = [
    ThumbnailSize { width_max: 280, height_max: 280 },
    ThumbnailSize { width_max: 850, height_max: 850 },
];

/// What a storyboard is to be: small enough to be loaded while someone reaches for the seek bar.
pub(crate) const STORYBOARD: order::Storyboard = order::Storyboard {
    sprite_width_max: 192,
    sprite_height_max: 192,
    sprites_max: 100,
    interval_ms_min: 1_000,
};

/// The pictures of a video that have come so far.
#[derive(Debug)]
pub(crate) struct Thumbnails {
    video: Id<Video>,
    scratch: PathBuf,
    early: Option<Thumbnail>,
    candidates: BTreeMap<u8, Thumbnail>,
}

impl Thumbnails {
    /// Pictures of a video, whose files come to lie in `scratch`. One that stands for the video already stays the first:
    /// its address has been given out.
    pub(crate) const fn of(video: Id<Video>, scratch: PathBuf, early: Option<Thumbnail>) -> Self {
        Self { video, scratch, early, candidates: BTreeMap::new() }
    }

    /// How many candidates came.
    pub(crate) fn len(&self) -> usize {
        self.candidates.len()
    }

    /// Takes in a candidate: the first stands for the video at once, so that lists have something to show.
    pub(crate) async fn candidate(
        &mut self,
        service: &Service,
        index: u8,
        pictures: &[order::Picture],
    ) -> Result<(), Error> {
        let [small, large] = pictures else {
            return Err(Error::Died("a thumbnail came in other sizes than asked for".to_owned()));
        };
        let blobs = [name(&small.sha256)?, name(&large.sha256)?];
        let _hold = service.blobs.hold_all(&blobs).await;
        let thumbnail = Thumbnail {
            small: self.adopt(service, small).await?,
            large: self.adopt(service, large).await?,
        };
        self.candidates.insert(index, thumbnail);
        let all = self.early.iter().chain(self.candidates.values());
        let all: Vec<Thumbnail> = all.cloned().collect();
        publishing::thumbnails(service, self.video, &all).await?;
        service.progress.changed(self.video);
        Ok(())
    }

    /// Takes in the sprites.
    pub(crate) async fn storyboard(
        &mut self,
        service: &Service,
        picture: &order::Picture,
        (sprite_width, sprite_height): (u32, u32),
        sprite_ms: u64,
    ) -> Result<(), Error> {
        let blob = name(&picture.sha256)?;
        let _hold = service.blobs.hold(&blob).await;
        let taken = self.adopt(service, picture).await?;
        let storyboard = Storyboard {
            blob: taken.blob,
            bytes: picture.bytes,
            total_width: picture.width,
            total_height: picture.height,
            sprite_width,
            sprite_height,
            sprite_ms,
        };
        publishing::storyboard(service, self.video, &storyboard).await?;
        Ok(())
    }

    async fn adopt(&self, service: &Service, picture: &order::Picture) -> Result<Picture, Error> {
        let blob: BlobName = name(&picture.sha256)?;
        let folder = picture.path.parent().filter(|folder| folder.starts_with(&self.scratch));
        let folder = folder.ok_or_else(|| Error::Died("a picture lies elsewhere".to_owned()))?;
        match plain_file(folder, &picture.sha256, "jpg", picture.bytes) {
            Ok(file) => service.blobs.adopt(blob, &file).await?,
            // Pictures that are alike have one file, which was taken in with the first of them.
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                service.blobs.size(&blob).await?;
            }
            Err(error) => return Err(error),
        }
        let created_at = service.now();
        Ok(Picture { blob, width: picture.width, height: picture.height, created_at })
    }
}
