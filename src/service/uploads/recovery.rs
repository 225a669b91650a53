//! What crashes and people who never came back leave of uploads.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::time::Duration;

use kinora_model::id::Id;
use kinora_model::upload::Upload;
use kinora_store::table::row_key;
use kinora_store::{Range, Row, Stored};

use super::{landing, part_file};
use crate::Service;
use crate::error::Error;

/// Uploads that are read at a time.
const READ_AT_ONCE: usize = 500;

/// Takes up what a crash broke off: uploads that are whole become videos, files of no upload are removed. Called before
/// anything is swept and before anything comes in.
///
/// # Errors
/// [`Error::Store`], [`Error::Io`].
pub async fn recover(service: &Service) -> Result<(), Error> {
    let mut known = HashSet::new();
    for upload in all(service).await?.into_iter().filter(|upload| upload.done.is_none()) {
        known.insert(upload.id);
        if upload.received_bytes == upload.bytes {
            match landing::finish(service, upload.id).await {
                Ok(_) => {
                    tracing::info!(upload.id = ?upload.id, "an upload that a crash broke off went on")
                }
                Err(error) => {
                    tracing::warn!(upload.id = ?upload.id, %error, "an upload could not go on")
                }
            }
        }
    }
    let folder = service.parts.folder()?;
    tokio::fs::create_dir_all(folder).await?;
    let mut files = tokio::fs::read_dir(folder).await?;
    while let Some(file) = files.next_entry().await? {
        let id = named(&file.file_name());
        if id.is_none_or(|id| !known.contains(&id)) {
            part_file::remove(&file.path()).await?;
        }
    }
    Ok(())
}

fn named(file: &OsStr) -> Option<Id<Upload>> {
    file.to_str()?.parse().ok()
}

/// Removes uploads that nobody touched for as long as the settings say, with their files; also the memory of those that
/// are done. Returns how many.
///
/// # Errors
/// As [`recover`].
pub async fn collect_stale(service: &Service) -> Result<usize, Error> {
    let stale_after = Duration::from_secs(service.config.uploads.stale_after_s);
    let oldest = service.now().before(stale_after);
    let mut removed = 0_usize;
    for upload in all(service).await? {
        if upload.touched_at >= oldest {
            continue;
        }
        // One that is being written to, however slowly, is not stale.
        let Ok(_busy) = service.parts.occupy(upload.id) else { continue };
        landing::abandon(service, upload.id).await?;
        removed = removed.saturating_add(1);
    }
    Ok(removed)
}

async fn all(service: &Service) -> Result<Vec<Upload>, Error> {
    let mut all = Vec::new();
    let mut range = Range::prefix(&row_key::<Upload>(&[]));
    loop {
        let page = service.store.list_range::<Upload>(&range, READ_AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        range = range.after(&row_key::<Upload>(&last.key()));
        all.extend(page.into_iter().map(Stored::into_row));
    }
}
