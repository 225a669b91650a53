//! Uploads: a file comes in, in one piece or in parts, and becomes a video.
//!
//! What was answered is safe: bytes are on disk before the row says so. A part file that is longer than its row says is
//! cut there. The original takes the number of its upload, so that a crash between moving the file and making the video
//! can be told from one before, and the upload goes on.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use kinora_model::channel::Channel;
use kinora_model::id::Id;
use kinora_model::upload::Upload;
use kinora_model::user::User;
use kinora_model::video::{Video, VideoWords};
use kinora_store::blob::Blobs;
use kinora_store::tables::{upload_by_token, uploads_by_user};
use kinora_store::{Batch, Stored};

use crate::attempt::attempt;
use crate::error::Error;
use crate::{Service, Viewer, quota, secret};

mod filename;
mod landing;
mod part_file;
mod receiving;
mod recovery;
mod spool;

pub use filename::clean as clean_filename;
pub use receiving::{Part, Receiving, receive};
pub use recovery::{collect_stale, recover};
pub use spool::{Spool, spool};

/// Uploads that one user may have under way.
pub const OPEN_MAX: usize = 50;

/// Uploads of a user that are looked at: those under way, and those done that are still remembered.
const LOOKED_AT_MAX: usize = 1_000;

/// The folder of part files, beside the blobs: an upload that is whole is moved, not copied.
const FOLDER: &str = "uploads";

/// Files on their way in.
#[derive(Debug)]
pub struct Parts {
    folder: Option<PathBuf>,
    busy: Arc<Mutex<HashSet<Id<Upload>>>>,
    spools: Arc<Mutex<Vec<Id<User>>>>,
    /// Held from the check of a quota until what it was checked for counts.
    admission: tokio::sync::Mutex<()>,
}

impl Parts {
    /// Part files in a folder beside the blobs.
    #[must_use]
    pub fn beside(blobs: &Blobs) -> Self {
        Self {
            folder: blobs.root().map(|root| root.join(FOLDER)),
            busy: Arc::default(),
            spools: Arc::default(),
            admission: tokio::sync::Mutex::default(),
        }
    }

    fn folder(&self) -> Result<&PathBuf, Error> {
        let folder = self.folder.as_ref();
        folder.ok_or(Error::Refused("Uploads need a folder on this machine"))
    }

    fn path(&self, upload: Id<Upload>) -> Result<PathBuf, Error> {
        Ok(self.folder()?.join(upload.to_string()))
    }

    fn occupy(&self, upload: Id<Upload>) -> Result<Busy, Error> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy.insert(upload) {
            return Err(Error::UploadBusy);
        }
        Ok(Busy { upload, all: Arc::clone(&self.busy) })
    }
}

/// The right to write to an upload, while it lives.
#[derive(Debug)]
struct Busy {
    upload: Id<Upload>,
    all: Arc<Mutex<HashSet<Id<Upload>>>>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.upload);
    }
}

/// What is said of a file before it comes.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Where the video will be.
    pub channel: Id<Channel>,
    /// The file's name as its owner has it.
    pub filename: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What is said of the video.
    pub words: VideoWords,
}

/// How far an upload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes are safely here.
    Under {
        /// How many.
        received_bytes: u64,
    },
    /// All of it came, and this is the video.
    Done(Box<Video>),
}

/// Begins an upload in parts.
///
/// # Errors
/// [`Error::Invalid`] if the file is empty or the channel is not the asker's; [`Error::TooLarge`],
/// [`Error::QuotaExceeded`], [`Error::NoSpace`]; [`Error::Refused`] if [`OPEN_MAX`] are under way.
pub async fn begin(service: &Service, who: &Viewer, new: &NewUpload) -> Result<Upload, Error> {
    check_size(service, new.bytes)?;
    own_channel(service, who, new.channel).await?;
    let _admission = service.parts.admission.lock().await;
    let range = uploads_by_user(who.user);
    let known = service.store.follow::<Upload>(&range, LOOKED_AT_MAX).await?;
    if known.iter().filter(|upload| upload.done.is_none()).count() >= OPEN_MAX {
        return Err(Error::Refused(
            "You have too many uploads under way; end or cancel some first",
        ));
    }
    quota::check(service, who.user, new.bytes).await?;
    check_room(service, new.bytes).await?;
    let now = service.now();
    let upload = Upload {
        id: service.id(),
        token: secret::word(),
        user: who.user,
        channel: new.channel,
        filename: clean_filename(&new.filename),
        bytes: new.bytes,
        received_bytes: 0,
        words: new.words.clone(),
        done: None,
        created_at: now,
        touched_at: now,
    };
    let mut batch = Batch::default();
    batch.insert_row(&upload)?;
    service.store.commit(batch).await?;
    Ok(upload)
}

/// How far an upload is. One that is whole but was not made a video, because the node died in between, becomes one now.
///
/// # Errors
/// [`Error::NotFound`] if there is none, or if it is another's; [`Error::NoSpace`], [`Error::Store`].
pub async fn progress(service: &Service, who: &Viewer, token: &str) -> Result<Progress, Error> {
    let upload = mine(service, who, token).await?;
    match upload.done {
        Some(_) => landing::done(service, &upload).await,
        None if upload.received_bytes == upload.bytes => {
            let _busy = service.parts.occupy(upload.id)?;
            landing::finish(service, upload.id).await
        }
        None => Ok(Progress::Under { received_bytes: upload.received_bytes }),
    }
}

/// Ends an upload and removes what came of it. Its video stays if it was done.
///
/// # Errors
/// As [`progress`].
pub async fn cancel(service: &Service, who: &Viewer, token: &str) -> Result<(), Error> {
    let upload = attempt(|| async {
        let upload = mine(service, who, token).await?;
        let mut batch = Batch::default();
        batch.delete_row(&upload);
        service.store.commit(batch).await?;
        Ok(upload)
    })
    .await?;
    if upload.done.is_none() {
        part_file::remove(&service.parts.path(upload.id)?).await?;
    }
    Ok(())
}

async fn mine(service: &Service, who: &Viewer, token: &str) -> Result<Stored<Upload>, Error> {
    let found = service.store.find::<Upload>(&upload_by_token(token)).await?;
    found.filter(|upload| upload.user == who.user).ok_or(Error::NotFound("Upload"))
}

fn check_size(service: &Service, bytes: u64) -> Result<(), Error> {
    let max_bytes = service.config.uploads.file_bytes_max;
    if bytes == 0 {
        return Err(Error::invalid("videofile", "The file is empty"));
    }
    if bytes > max_bytes {
        return Err(Error::TooLarge { has_bytes: bytes, max_bytes });
    }
    Ok(())
}

/// Checks that so many bytes fit on the disk, and that the reserve stays free.
async fn check_room(service: &Service, bytes: u64) -> Result<(), Error> {
    let free = part_file::free_bytes(service.parts.folder()?).await?;
    if free < bytes.saturating_add(service.config.uploads.reserve_bytes) {
        return Err(Error::NoSpace);
    }
    Ok(())
}

/// A channel of the asker's own.
async fn own_channel(
    service: &Service,
    who: &Viewer,
    channel: Id<Channel>,
) -> Result<Stored<Channel>, Error> {
    let found = service.store.get::<Channel>(&channel.to_key()).await?;
    let unknown = || Error::invalid("channelId", "Unknown video \"channelId\" for this account");
    found.filter(|found| found.account == who.account).ok_or_else(unknown)
}

#[cfg(test)]
mod tests;
