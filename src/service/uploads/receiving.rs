//! A part of an upload comes in.

use std::sync::Arc;

use kinora_model::id::Id;
use kinora_model::upload::Upload;
use kinora_store::Batch;

use super::part_file::PartFile;
use super::{Busy, Progress, check_room, landing, mine};
use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer};

/// Bytes after which what came is made safe within one long part.
const SAFE_BYTES: u64 = 32 << 20;

/// Which bytes of the file a request brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The place of the first of them.
    pub start: u64,
    /// How many.
    pub bytes: u64,
    /// The size of the whole file, if the request says so.
    pub total: Option<u64>,
}

/// Takes in a part. When it is dropped before its end, because whoever sends went away, what came is made safe all the
/// same.
#[derive(Debug)]
pub struct Receiving {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    service: Arc<Service>,
    upload: Id<Upload>,
    file: PartFile,
    /// The size of the whole file.
    total: u64,
    /// Where the part ends.
    end: u64,
    /// How many bytes the row says are here.
    safe: u64,
    _busy: Busy,
}

/// Begins to take in a part of an upload.
///
/// # Errors
/// [`Error::NotFound`] if there is none, or if it is another's; [`Error::WrongOffset`] if the part does not begin where
/// the last one ended; [`Error::Invalid`] if it does not fit the file; [`Error::UploadBusy`] while another request
/// writes; [`Error::NoSpace`].
pub async fn receive(
    service: &Arc<Service>,
    who: &Viewer,
    token: &str,
    part: Part,
) -> Result<Receiving, Error> {
    let upload = mine(service, who, token).await?;
    let busy = service.parts.occupy(upload.id)?;
    // Read again: whoever wrote until now may have come further.
    let upload = mine(service, who, token).await?;
    let end = part.start.saturating_add(part.bytes);
    if part.total.is_some_and(|total| total != upload.bytes) || end > upload.bytes {
        let reason = format!("The file has {} bytes as announced", upload.bytes);
        return Err(Error::invalid("Content-Range", reason));
    }
    if part.start != upload.received_bytes || upload.done.is_some() {
        return Err(Error::WrongOffset { expected_bytes: upload.received_bytes });
    }
    check_room(service, 0).await?;
    let path = service.parts.path(upload.id)?;
    let (file, has) = PartFile::open(&path, upload.received_bytes).await?;
    let open = Open {
        service: Arc::clone(service),
        upload: upload.id,
        file,
        total: upload.bytes,
        end,
        safe: upload.received_bytes,
        _busy: busy,
    };
    if has < part.start {
        // The disk has less than the row says.
        open.say(has).await?;
        return Err(Error::WrongOffset { expected_bytes: has });
    }
    Ok(Receiving { open: Some(open) })
}

impl Receiving {
    /// Takes bytes in.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are more than the part was to have; [`Error::NoSpace`]; [`Error::NotFound`] if the
    /// upload was cancelled. What came before is kept: end it all the same.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(open) = self.open.as_mut() else { return Err(Error::NotFound("Upload")) };
        let brought = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if open.file.bytes().saturating_add(brought) > open.end {
            let reason = "The body has more bytes than it says";
            return Err(Error::invalid("Content-Range", reason));
        }
        open.file.push(bytes).await?;
        if open.file.bytes().saturating_sub(open.safe) >= SAFE_BYTES {
            open.settle().await?;
            check_room(&open.service, 0).await?;
        }
        Ok(())
    }

    /// Makes safe what came; the last part makes the video.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the upload was cancelled, or its channel was deleted; [`Error::NoSpace`].
    pub async fn end(mut self) -> Result<Progress, Error> {
        let Some(mut open) = self.open.take() else { return Err(Error::NotFound("Upload")) };
        open.settle().await?;
        if open.safe < open.total {
            return Ok(Progress::Under { received_bytes: open.safe });
        }
        let Open { service, upload, file, _busy, .. } = open;
        drop(file);
        landing::finish(&service, upload).await
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = open.settle().await {
                tracing::info!(%error, "the end of a part that broke off could not be kept");
            }
        });
    }
}

impl Open {
    /// Brings what came to the disk, then says so.
    async fn settle(&mut self) -> Result<(), Error> {
        let synced = self.file.sync().await;
        let bytes = self.file.bytes();
        match synced {
            Ok(()) if bytes > self.safe => {
                self.say(bytes).await?;
                self.safe = bytes;
                Ok(())
            }
            other => other,
        }
    }

    async fn say(&self, received_bytes: u64) -> Result<(), Error> {
        let service = &self.service;
        attempt(|| async {
            let old = service.store.get::<Upload>(&self.upload.to_key()).await?;
            let Some(old) = old else {
                super::part_file::remove(self.file.path()).await?;
                return Err(Error::NotFound("Upload"));
            };
            let new = Upload { received_bytes, touched_at: service.now(), ..Upload::clone(&old) };
            let mut batch = Batch::default();
            batch.replace_row(&old, &new)?;
            service.store.commit(batch).await?;
            Ok(())
        })
        .await
    }
}
