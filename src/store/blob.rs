//! Blobs: segments, pictures and torrents named by the SHA-256 of their bytes, and the files that people uploaded.
//!
//! A blob is on disk for good before the batch that names it lands. Whoever brings a blob holds it ([`Blobs::hold`])
//! from before it is there until that batch has landed; whoever removes one holds it while it looks for owners. So no
//! sweep can slip between.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use kinora_model::id::Id;
use kinora_model::picture::BlobName;
use kinora_model::video::Video;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt, path::Path as Location};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::kv::Range as Keys;
use crate::table::Store;
use crate::tables::BLOB_OWNERS;

mod hold;
mod local;
mod newcomers;

pub use hold::Hold;
pub(crate) use local::{digest as digest_of_file, is_half_made};

/// How many files one [`Blobs::adopt_all`] works on at a time: enough that their syncs share the disk's journal.
const ADOPT_AT_ONCE: usize = 8;

/// The folder of the blobs within the store.
const BLOBS: &str = "blobs";

/// The folder of uploaded files within the store.
const ORIGINALS: &str = "originals";

/// Where blobs are kept: a local folder, or memory in tests. Clones share it.
#[derive(Clone, Debug)]
pub struct Blobs {
    objects: Arc<dyn ObjectStore>,
    /// The folder, if it is one: files are then moved and served by path.
    root: Option<Arc<Path>>,
    holds: hold::Stripes,
    newcomers: newcomers::Newcomers,
}

impl Blobs {
    /// Blobs in a folder, which is made if it is not there. Scratch files on the same file system are moved, not copied.
    ///
    /// # Errors
    /// [`Error::NoSpace`] or [`Error::Io`] if the folder cannot be made, [`Error::Blob`] if it cannot be used.
    pub fn open(root: &Path) -> Result<Self, Error> {
        for folder in [BLOBS, ORIGINALS] {
            local::make_folders(root, &root.join(folder))?;
        }
        let root: Arc<Path> = root.canonicalize().map_err(Error::from_io)?.into();
        let objects = LocalFileSystem::new_with_prefix(&root).map_err(Error::from_blob)?;
        let objects = Arc::new(objects.with_fsync(true));
        Ok(Self::over(objects, Some(root)))
    }

    /// Blobs that are gone with the process, for tests.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::over(Arc::new(InMemory::new()), None)
    }

    fn over(objects: Arc<dyn ObjectStore>, root: Option<Arc<Path>>) -> Self {
        Self { objects, root, holds: hold::Stripes::default(), newcomers: Default::default() }
    }

    /// The name of these bytes.
    #[must_use]
    pub fn name_of(bytes: &[u8]) -> BlobName {
        BlobName::from_digest(Sha256::digest(bytes).into())
    }

    /// Keeps bytes under their own name, which survives loss of power once this returns.
    ///
    /// # Errors
    /// [`Error::NoSpace`] or [`Error::Blob`].
    pub async fn put(&self, bytes: Bytes) -> Result<BlobName, Error> {
        let name = Self::name_of(&bytes);
        self.put_verified(name, bytes).await?;
        Ok(name)
    }

    /// As [`Blobs::put`], for bytes whose SHA-256 this program itself has seen to be `name`.
    ///
    /// # Errors
    /// As [`Blobs::put`].
    pub async fn put_verified(&self, name: BlobName, bytes: Bytes) -> Result<(), Error> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.find_size(&name).await? != Some(length) {
            let put = self.objects.put(&location(&name), bytes.into()).await;
            put.map_err(Error::from_blob)?;
        }
        self.newcomers.add(name);
        Ok(())
    }

    /// Takes a file over as the blob `name`, after reading it to see whether that is its SHA-256. The file is gone from
    /// `path` afterwards; once this returns, the blob survives loss of power.
    ///
    /// # Errors
    /// [`Error::WrongBlob`] if it is not what it is called; the file is then left. [`Error::NoSpace`], [`Error::Io`]
    /// or [`Error::Blob`] if it cannot be taken over.
    pub async fn adopt(&self, name: BlobName, path: &Path) -> Result<(), Error> {
        let file = path.to_owned();
        let found = blocking(move || local::digest(&file)).await?;
        if found != name {
            return Err(Error::WrongBlob { expected: name, found });
        }
        self.adopt_verified(name, path).await
    }

    /// As [`Blobs::adopt`], for a file whose SHA-256 this program itself has seen to be `name`.
    ///
    /// # Errors
    /// As [`Blobs::adopt`], without [`Error::WrongBlob`].
    pub async fn adopt_verified(&self, name: BlobName, path: &Path) -> Result<(), Error> {
        self.take(&location(&name), path).await?;
        self.newcomers.add(name);
        Ok(())
    }

    /// Takes many files over, several at a time: much faster than one by one on a disk that syncs slowly.
    ///
    /// # Errors
    /// As [`Blobs::adopt`]; those before the error may have been taken over.
    pub async fn adopt_all(&self, files: Vec<(BlobName, PathBuf)>) -> Result<(), Error> {
        let adopt =
            |(name, path): (BlobName, PathBuf)| async move { self.adopt(name, &path).await };
        futures::stream::iter(files).map(adopt).buffer_unordered(ADOPT_AT_ONCE).try_collect().await
    }

    /// Moves a file to its place; where places are not files, its bytes.
    async fn take(&self, place: &Location, path: &Path) -> Result<(), Error> {
        let path = path.to_owned();
        match self.file(place) {
            Some((root, target)) => blocking(move || local::adopt(&root, &path, &target)).await,
            None => {
                let bytes = tokio::fs::read(&path).await.map_err(Error::from_io)?;
                self.objects.put(place, bytes.into()).await.map_err(Error::from_blob)?;
                tokio::fs::remove_file(&path).await.map_err(Error::from_io)
            }
        }
    }

    /// All bytes of a blob.
    ///
    /// # Errors
    /// [`Error::NoBlob`] if it is not there, otherwise [`Error::Blob`].
    pub async fn get(&self, name: &BlobName) -> Result<Bytes, Error> {
        let found = self.objects.get(&location(name)).await.map_err(Error::from_blob)?;
        found.bytes().await.map_err(Error::from_blob)
    }

    /// Some bytes of a blob; a range beyond its end is cut there.
    ///
    /// # Errors
    /// As [`Blobs::get`]; also if the range begins beyond the end.
    pub async fn get_range(&self, name: &BlobName, range: Range<u64>) -> Result<Bytes, Error> {
        self.objects.get_range(&location(name), range).await.map_err(Error::from_blob)
    }

    /// The size of a blob in bytes.
    ///
    /// # Errors
    /// As [`Blobs::get`].
    pub async fn size(&self, name: &BlobName) -> Result<u64, Error> {
        self.find_size(name).await?.ok_or_else(|| Error::NoBlob(name.to_string()))
    }

    async fn find_size(&self, name: &BlobName) -> Result<Option<u64>, Error> {
        match self.objects.head(&location(name)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::from_blob(error)),
        }
    }

    /// Where a blob lies as a file, whether it is there or not; `None` if blobs are not files.
    #[must_use]
    pub fn local_path(&self, name: &BlobName) -> Option<PathBuf> {
        self.file(&location(name)).map(|(_, path)| path)
    }

    fn file(&self, place: &Location) -> Option<(Arc<Path>, PathBuf)> {
        let root = self.root.clone()?;
        let path = root.join(place.as_ref());
        Some((root, path))
    }

    /// The folder of the store, if it is one.
    #[must_use]
    pub fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// Keeps others from bringing or removing a blob while the hold lives. Nobody may hold a second one meanwhile: use
    /// [`Blobs::hold_all`].
    pub async fn hold(&self, name: &BlobName) -> Hold {
        self.holds.hold(std::iter::once(name)).await
    }

    /// Keeps others from bringing or removing several blobs.
    pub async fn hold_all<'a>(&self, names: impl IntoIterator<Item = &'a BlobName>) -> Hold {
        self.holds.hold(names).await
    }

    /// Deletes a blob unless someone owns it; true if it is gone now. Must not be called while holding.
    ///
    /// # Errors
    /// As [`Store::get`]; [`Error::Blob`] if it cannot be deleted.
    pub async fn delete_if_orphan(&self, store: &Store, name: &BlobName) -> Result<bool, Error> {
        let _hold = self.hold(name).await;
        let owners = Keys::prefix(&BLOB_OWNERS.key(&[name.digest()]));
        if !store.kv().scan(&owners, 1).await?.is_empty() {
            return Ok(false);
        }
        self.delete(&location(name)).await?;
        Ok(true)
    }

    async fn delete(&self, place: &Location) -> Result<(), Error> {
        match self.objects.delete(place).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::from_blob(error)),
        }
    }

    /// The names of all blobs, in no order, as a folder or a distant store lists them.
    pub fn list(&self) -> impl futures::Stream<Item = Result<BlobName, Error>> + Send + use<> {
        let listed = self.objects.list(Some(&Location::from(BLOBS)));
        listed.map_err(Error::from_blob).try_filter_map(|found| async move {
            Ok(found.location.filename().and_then(BlobName::parse))
        })
    }

    /// The blobs that were brought since the last call, and the originals that were brought before it, each once.
    pub(crate) fn newcomers(&self) -> (HashSet<BlobName>, HashSet<Id<Video>>) {
        self.newcomers.take()
    }

    /// Removes what copies and puts that never ended left behind; returns how many. Only while nobody else brings blobs.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn remove_half_made(&self) -> Result<usize, Error> {
        match self.root.clone() {
            Some(root) => blocking(move || local::remove_half_made(&root)).await,
            None => Ok(0),
        }
    }

    /// Takes an uploaded file over as the original of a video. The file is gone from `path` afterwards.
    ///
    /// # Errors
    /// As [`Blobs::adopt_verified`].
    pub async fn adopt_original(&self, id: Id<Video>, path: &Path) -> Result<(), Error> {
        self.take(&original(id), path).await?;
        self.newcomers.add_original(id);
        Ok(())
    }

    /// Where the original of a video lies as a file, whether it is there or not; `None` if blobs are not files.
    #[must_use]
    pub fn original_path(&self, id: Id<Video>) -> Option<PathBuf> {
        self.file(&original(id)).map(|(_, path)| path)
    }

    /// The size of the original of a video in bytes, `None` if it is not kept.
    ///
    /// # Errors
    /// [`Error::Blob`].
    pub async fn original_size(&self, id: Id<Video>) -> Result<Option<u64>, Error> {
        match self.objects.head(&original(id)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::from_blob(error)),
        }
    }

    /// Deletes the original of a video, if it is there.
    ///
    /// # Errors
    /// [`Error::Blob`].
    pub async fn delete_original(&self, id: Id<Video>) -> Result<(), Error> {
        self.delete(&original(id)).await
    }

    /// The videos whose originals are kept.
    ///
    /// # Errors
    /// [`Error::Blob`].
    pub async fn originals(&self) -> Result<Vec<Id<Video>>, Error> {
        let listed = self.objects.list(Some(&Location::from(ORIGINALS)));
        let ids = listed.map_err(Error::from_blob).try_filter_map(|found| async move {
            Ok(found.location.filename().and_then(|name| name.parse::<Id<Video>>().ok()))
        });
        ids.try_collect().await
    }
}

/// Where a blob lies within the store. Two levels of 256 folders keep each folder small: `blobs/ab/cd/abcd…`.
pub(crate) fn place_of(name: &BlobName) -> String {
    let hex = name.to_string();
    let part = |range: Range<usize>| hex.get(range).unwrap_or_default();
    format!("{BLOBS}/{}/{}/{hex}", part(0..2), part(2..4))
}

fn location(name: &BlobName) -> Location {
    Location::from(place_of(name))
}

fn original(id: Id<Video>) -> Location {
    Location::from(format!("{ORIGINALS}/{id}"))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Unavailable(error.to_string()))?
}

#[cfg(test)]
mod tests;
