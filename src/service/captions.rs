//! Captions: subtitles of a video, one WebVTT file a language.

use bytes::Bytes;
use kinora_model::caption::Caption;
use kinora_model::event::Event;
use kinora_model::id::Id;
use kinora_model::job::Job;
use kinora_model::picture::BlobName;
use kinora_model::video::{LANGUAGES, Video};
use kinora_store::blob::Blobs;
use kinora_store::table::row_key;
use kinora_store::tables::{BlobOwner, Owner, blob_owner_key, caption_key};
use kinora_store::{Batch, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, outbound, videos};

mod cues;

/// The largest file of captions that is taken, in bytes.
pub const CAPTION_BYTES_MAX: usize = 5 << 20;

/// Sets the captions of a video in one language, in the place of those it had. `file` is WebVTT or `SubRip`; what is kept
/// is WebVTT, written anew from its cues.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`]; [`Error::Invalid`] if the language is not known or the file is neither;
/// [`Error::NoSpace`], [`Error::Store`].
pub async fn put(
    service: &Service,
    who: &Viewer,
    name: &str,
    language: &str,
    file: &[u8],
) -> Result<(), Error> {
    let video = videos::editable(service, who, name).await?.id;
    if !LANGUAGES.iter().any(|(code, _)| *code == language) {
        return Err(Error::invalid("captionLanguage", "Should be a known language"));
    }
    if file.len() > CAPTION_BYTES_MAX {
        let reason = format!("Should have at most {CAPTION_BYTES_MAX} bytes");
        return Err(Error::invalid("captionfile", reason));
    }
    let written = cues::rewrite(file).map_err(|why| Error::invalid("captionfile", why))?;
    let file = Bytes::from(written);
    let (blob, bytes) = (Blobs::name_of(&file), u64::try_from(file.len()).unwrap_or(u64::MAX));
    // Held until the batch has landed: no sweep may take it for an orphan.
    let _hold = service.blobs.hold(&blob).await;
    service.blobs.put(file).await?;
    attempt(|| async {
        let row = videos::editable(service, who, name).await?;
        let old = service.store.get::<Caption>(&caption_key(video, language)).await?;
        let now = service.now();
        let new = Caption { video, language: language.to_owned(), blob, bytes, updated_at: now };
        let mut batch = Batch::default();
        if let Some(gone) = old.as_ref().map(|old| old.blob).filter(|gone| *gone != blob) {
            let others = of(service, video).await?;
            let shared = others.iter().any(|it| it.language != language && it.blob == gone);
            disown(service, &mut batch, video, (!shared).then_some(gone))?;
        }
        match &old {
            Some(old) => batch.replace_row(old, &new)?,
            None => batch.insert_row(&new)?,
        }
        batch.put_row(&BlobOwner { blob, owner: Owner::Video(video) })?;
        land(service, batch, &row).await
    })
    .await
}

/// Removes the captions of a video in one language.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::NoSpace`], [`Error::Store`].
pub async fn delete(
    service: &Service,
    who: &Viewer,
    name: &str,
    language: &str,
) -> Result<(), Error> {
    attempt(|| async {
        let row = videos::editable(service, who, name).await?;
        let all = of(service, row.id).await?;
        let old = service.store.get::<Caption>(&caption_key(row.id, language)).await?;
        let old = old.ok_or(Error::NotFound("Video caption"))?;
        let shared = all.iter().any(|it| it.language != language && it.blob == old.blob);
        let mut batch = Batch::default();
        disown(service, &mut batch, row.id, (!shared).then_some(old.blob))?;
        batch.delete_row(&old);
        land(service, batch, &row).await
    })
    .await
}

/// Changes of one video's captions are put in order by its row.
async fn land(service: &Service, mut batch: Batch, row: &Stored<Video>) -> Result<(), Error> {
    let now = service.now();
    let new = Video { updated_at: now, ..Video::clone(row) };
    batch.replace_row(row, &new)?;
    outbound::video_changed(service, &mut batch, Some(row), Some(&new))?;
    service.journal.record(&mut batch, &Event::VideoUpdated { video: row.id }, now)?;
    service.store.commit(batch).await?;
    Ok(())
}

fn disown(
    service: &Service,
    batch: &mut Batch,
    video: Id<Video>,
    gone: Option<BlobName>,
) -> Result<(), Error> {
    if let Some(blob) = gone {
        batch.delete(row_key::<BlobOwner>(&blob_owner_key(&blob, Owner::Video(video))));
        service.queue.enqueue(batch, &Job::RemoveBlobs { blobs: vec![blob] })?;
    }
    Ok(())
}

/// The captions of a video that the asker may see, by language.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub async fn list(
    service: &Service,
    who: Option<&Viewer>,
    name: &str,
) -> Result<Vec<Caption>, Error> {
    let video = videos::find(service, who, name).await?;
    of(service, video.id).await
}

async fn of(service: &Service, video: Id<Video>) -> Result<Vec<Caption>, Error> {
    let rows = service.store.list::<Caption>(&video.to_key(), LANGUAGES.len()).await?;
    Ok(rows.into_iter().map(Stored::into_row).collect())
}

/// Adds to a batch that a video which is deleted has no captions any more.
pub(crate) async fn drop_all(
    service: &Service,
    batch: &mut Batch,
    video: Id<Video>,
) -> Result<(), Error> {
    let mut blobs = Vec::new();
    for row in service.store.list::<Caption>(&video.to_key(), LANGUAGES.len()).await? {
        batch.delete(row_key::<BlobOwner>(&blob_owner_key(&row.blob, Owner::Video(video))));
        batch.delete_row(&row);
        blobs.push(row.blob);
    }
    if !blobs.is_empty() {
        service.queue.enqueue(batch, &Job::RemoveBlobs { blobs })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::stage::Stage;

    const SRT: &[u8] = b"1\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\n";

    #[tokio::test]
    async fn captions_are_kept_as_webvtt_and_their_old_blob_loses_its_owner() {
        let stage = Stage::new().await;
        let service = &stage.service;
        let video = stage.video("Spoken", |_| {}).await;
        let name = video.id.to_string();
        put(service, &stage.owner, &name, "en", SRT).await.unwrap();
        let all = list(service, None, &name).await.unwrap();
        let file = service.blobs.get(&all[0].blob).await.unwrap();
        assert_eq!(&file[..], b"WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nHello\n");

        let other = [SRT, b"\n2\n00:00:03,000 --> 00:00:04,000\nWorld\n"].concat();
        put(service, &stage.owner, &name, "en", &other).await.unwrap();
        let owner = blob_owner_key(&all[0].blob, Owner::Video(video.id));
        assert!(service.store.get::<BlobOwner>(&owner).await.unwrap().is_none());

        delete(service, &stage.owner, &name, "en").await.unwrap();
        assert!(list(service, None, &name).await.unwrap().is_empty());
        let again = delete(service, &stage.owner, &name, "en").await;
        assert!(matches!(again, Err(Error::NotFound("Video caption"))));
    }

    #[tokio::test]
    async fn what_two_languages_share_stays_with_the_second() {
        let stage = Stage::new().await;
        let service = &stage.service;
        let video = stage.video("Spoken", |_| {}).await;
        let name = video.id.to_string();
        put(service, &stage.owner, &name, "en", SRT).await.unwrap();
        put(service, &stage.owner, &name, "fr", SRT).await.unwrap();
        delete(service, &stage.owner, &name, "en").await.unwrap();
        let left = list(service, None, &name).await.unwrap();
        let owner = blob_owner_key(&left[0].blob, Owner::Video(video.id));
        assert!(service.store.get::<BlobOwner>(&owner).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn strangers_and_odd_files_change_nothing() {
        let stage = Stage::new().await;
        let video = stage.video("Spoken", |_| {}).await;
        let name = video.id.to_string();
        let put = async |who, language, file: &'static [u8]| {
            super::put(&stage.service, who, &name, language, file).await
        };
        assert!(matches!(put(&stage.stranger, "en", SRT).await, Err(Error::Forbidden(_))));
        assert!(matches!(put(&stage.owner, "tlh", SRT).await, Err(Error::Invalid { .. })));
        assert!(matches!(put(&stage.owner, "en", b"<html>").await, Err(Error::Invalid { .. })));
        assert!(list(&stage.service, None, &name).await.unwrap().is_empty());
    }
}
