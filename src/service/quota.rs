//! Quotas: what a user's videos, pictures and uploads take on disk, in real bytes.

use std::time::Duration;

use kinora_model::caption::Caption;
use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::rendition::Rendition;
use kinora_model::upload::Upload;
use kinora_model::user::User;
use kinora_model::video::{LANGUAGES, Video};
use kinora_store::tables::{uploads_by_user, videos_by_account};
use kinora_store::{Range, Row, Stored};

use crate::error::Error;
use crate::{Service, pictures, users};

/// How many videos are read at a time.
const READ_AT_ONCE: usize = 200;

/// The most open uploads that are counted; there are never more.
const UPLOADS_MAX: usize = 1_000;

/// The most renditions of one video.
const RENDITIONS_MAX: usize = 100;

/// The most captions of one video: one for each language.
const CAPTIONS_MAX: usize = LANGUAGES.len();

/// The span of the daily quota.
const DAY: Duration = Duration::from_hours(24);

/// What a user takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes on disk: originals that are kept, renditions, torrents, captions, pictures, and what came of uploads under
    /// way.
    pub bytes: u64,
    /// Bytes that were uploaded in the last 24 hours.
    pub daily_bytes: u64,
    /// Bytes that uploads under way will still bring.
    pub awaited_bytes: u64,
    /// How many videos there are.
    pub videos: u64,
}

/// What a user takes now. Reads all their videos.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub async fn used(service: &Service, user: Id<User>) -> Result<Usage, Error> {
    let user = users::existing(service, user).await?;
    let since = service.now().before(DAY);
    let mut usage = Usage::default();
    let mut range = videos_by_account(user.account);
    loop {
        let page = service.store.follow::<Video>(&range, READ_AT_ONCE).await?;
        for video in &page {
            count_video(service, video, since, &mut usage).await?;
        }
        let Some(last) = page.last().filter(|_| page.len() == READ_AT_ONCE) else { break };
        range = range.after(&entry_of(last));
    }
    for upload in service.store.follow::<Upload>(&uploads_by_user(user.id), UPLOADS_MAX).await? {
        // What is done is counted as its video.
        if upload.done.is_none() {
            let awaited = upload.bytes.saturating_sub(upload.received_bytes);
            usage.bytes = usage.bytes.saturating_add(upload.received_bytes);
            usage.daily_bytes = usage.daily_bytes.saturating_add(upload.received_bytes);
            usage.awaited_bytes = usage.awaited_bytes.saturating_add(awaited);
        }
    }
    let pictures = pictures::bytes_of_account(service, user.account).await?;
    usage.bytes = usage.bytes.saturating_add(pictures);
    Ok(usage)
}

/// The entry of a video in the list of its account: where the next page begins.
fn entry_of(video: &Stored<Video>) -> Vec<u8> {
    let entries = video.entries();
    let own = Range::prefix(&videos_by_account(video.account).from);
    let within = |key: &Vec<u8>| *key >= own.from && *key < own.to;
    entries.into_iter().map(|entry| entry.key).find(within).unwrap_or(own.to)
}

async fn count_video(
    service: &Service,
    video: &Video,
    since: Timestamp,
    usage: &mut Usage,
) -> Result<(), Error> {
    usage.videos = usage.videos.saturating_add(1);
    if video.created_at >= since {
        usage.daily_bytes = usage.daily_bytes.saturating_add(video.source.bytes);
    }
    let mut bytes = if video.source.kept { video.source.bytes } else { 0 };
    let renditions = service.store.list::<Rendition>(&video.id.to_key(), RENDITIONS_MAX).await?;
    for rendition in renditions {
        let torrent = rendition.torrent.as_ref().map_or(0, |torrent| torrent.bytes);
        bytes = bytes.saturating_add(rendition.bytes).saturating_add(torrent);
    }
    for caption in service.store.list::<Caption>(&video.id.to_key(), CAPTIONS_MAX).await? {
        bytes = bytes.saturating_add(caption.bytes);
    }
    bytes = bytes.saturating_add(video.storyboard.as_ref().map_or(0, |board| board.bytes));
    for thumbnail in video.thumbnail.iter().chain(&video.candidates) {
        for picture in [&thumbnail.small, &thumbnail.large] {
            bytes = bytes.saturating_add(service.blobs.size(&picture.blob).await.unwrap_or(0));
        }
    }
    usage.bytes = usage.bytes.saturating_add(bytes);
    Ok(())
}

/// Checks that a user may bring so many bytes more; uploads under way count as if they were here.
///
/// # Errors
/// [`Error::QuotaExceeded`] if it would be too much.
pub async fn check(service: &Service, user: Id<User>, needed_bytes: u64) -> Result<(), Error> {
    let row = users::existing(service, user).await?;
    let limits = [row.quota_bytes, row.quota_daily_bytes];
    if limits == [None, None] {
        return Ok(());
    }
    let usage = used(service, user).await?;
    let taken = [usage.bytes, usage.daily_bytes];
    for (limit, taken) in limits.into_iter().zip(taken) {
        let Some(limit) = limit else { continue };
        let left_bytes = limit.saturating_sub(taken.saturating_add(usage.awaited_bytes));
        if needed_bytes > left_bytes {
            return Err(Error::QuotaExceeded { needed_bytes, left_bytes });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
