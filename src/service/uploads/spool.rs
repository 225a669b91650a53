//! A file that comes in one piece, perhaps before what is said of it.

use std::sync::{Arc, PoisonError};

use kinora_model::channel::Channel;
use kinora_model::id::Id;
use kinora_model::upload::Upload;
use kinora_model::user::User;
use kinora_model::video::{Source, Video, VideoWords};

use super::part_file::PartFile;
use super::{check_room, check_size, clean_filename, landing, own_channel};
use crate::error::Error;
use crate::{Service, Viewer, quota};

/// Files that one user may bring in one piece at a time.
const AT_ONCE_MAX: usize = 10;

/// Bytes after which room on the disk is looked for again.
const LOOK_BYTES: u64 = 32 << 20;

/// A file on its way in; it is removed when this is dropped, unless it became a video.
#[derive(Debug)]
pub struct Spool {
    service: Arc<Service>,
    user: Id<User>,
    file: PartFile,
    looked: u64,
}

/// Begins to take in a file in one piece; `announced_bytes` is what the request is said to have.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::QuotaExceeded`], [`Error::NoSpace`]; [`Error::Refused`] if [`AT_ONCE_MAX`] are coming.
pub async fn spool(
    service: &Arc<Service>,
    who: &Viewer,
    announced_bytes: Option<u64>,
) -> Result<Spool, Error> {
    let announced = announced_bytes.unwrap_or(1).max(1);
    check_size(service, announced)?;
    quota::check(service, who.user, announced).await?;
    check_room(service, announced).await?;
    let path = service.parts.path(service.id::<Upload>())?;
    let (file, _) = PartFile::open(&path, 0).await?;
    let spool = Spool { service: Arc::clone(service), user: who.user, file, looked: 0 };
    let mut coming = service.parts.spools.lock().unwrap_or_else(PoisonError::into_inner);
    let others = coming.iter().filter(|user| **user == who.user).count();
    coming.push(who.user);
    drop(coming);
    if others >= AT_ONCE_MAX {
        return Err(Error::Refused(
            "You have too many uploads under way; end or cancel some first",
        ));
    }
    Ok(spool)
}

impl Spool {
    /// Takes bytes in.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::NoSpace`], [`Error::Io`].
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let brought = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let has_bytes = self.file.bytes().saturating_add(brought);
        let max_bytes = self.service.config.uploads.file_bytes_max;
        if has_bytes > max_bytes {
            return Err(Error::TooLarge { has_bytes, max_bytes });
        }
        if has_bytes.saturating_sub(self.looked) >= LOOK_BYTES {
            check_room(&self.service, 0).await?;
            self.looked = has_bytes;
        }
        self.file.push(bytes).await
    }

    /// How many bytes came.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    /// Makes a video of the file.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is empty or the channel is not the asker's; [`Error::QuotaExceeded`], [`Error::NoSpace`].
    /// Nothing is then left of the file.
    pub async fn publish(
        mut self,
        who: &Viewer,
        channel: Id<Channel>,
        filename: &str,
        words: &VideoWords,
    ) -> Result<Video, Error> {
        let bytes = self.file.bytes();
        check_size(&self.service, bytes)?;
        own_channel(&self.service, who, channel).await?;
        self.file.sync().await?;
        let service = Arc::clone(&self.service);
        let _admission = service.parts.admission.lock().await;
        quota::check(&service, who.user, bytes).await?;
        let source = Source { filename: clean_filename(filename), bytes, kept: true };
        landing::land(&service, self.file.path(), channel, words, source).await
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let mut coming = self.service.parts.spools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = coming.iter().position(|user| *user == self.user) {
            coming.swap_remove(place);
        }
        drop(coming);
        // Unlinking waits for nobody; what became a video is not there any more.
        if let Err(error) = std::fs::remove_file(self.file.path())
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a file that became no video could not be removed");
        }
    }
}
