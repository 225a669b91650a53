//! The file that an upload grows in: written by threads that may wait for the disk, in large pieces.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;

/// Bytes that are gathered before they are written.
const GATHERED_BYTES: usize = 1 << 20;

/// A file that only grows.
#[derive(Debug)]
pub(super) struct PartFile {
    path: PathBuf,
    file: Arc<File>,
    gathered: Vec<u8>,
    written: u64,
}

impl PartFile {
    /// Opens or makes a file and cuts it to `bytes`, or says how many it has if it has fewer.
    pub(super) async fn open(path: &Path, bytes: u64) -> Result<(Self, u64), Error> {
        let path = path.to_owned();
        let opened = blocking(move || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let options = File::options().write(true).create(true).truncate(false).open(&path)?;
            let has = options.metadata()?.len().min(bytes);
            options.set_len(has)?;
            Ok((path, options, has))
        });
        let (path, file, has) = opened.await?;
        Ok((Self { path, file: Arc::new(file), gathered: Vec::new(), written: has }, has))
    }

    /// How many bytes it has, gathered ones included.
    pub(super) fn bytes(&self) -> u64 {
        let gathered = u64::try_from(self.gathered.len()).unwrap_or(u64::MAX);
        self.written.saturating_add(gathered)
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds bytes.
    pub(super) async fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHERED_BYTES { self.write().await } else { Ok(()) }
    }

    /// Writes what is gathered; if that fails, the file is as long as before.
    async fn write(&mut self) -> Result<(), Error> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let (file, at) = (Arc::clone(&self.file), self.written);
        let gathered = std::mem::take(&mut self.gathered);
        let written = blocking(move || {
            file.write_all_at(&gathered, at)?;
            Ok(gathered)
        });
        let mut gathered = written.await?;
        self.written = at.saturating_add(u64::try_from(gathered.len()).unwrap_or(u64::MAX));
        gathered.clear();
        self.gathered = gathered;
        Ok(())
    }

    /// Brings all bytes to the disk for good.
    pub(super) async fn sync(&mut self) -> Result<(), Error> {
        self.write().await?;
        let file = Arc::clone(&self.file);
        blocking(move || file.sync_data()).await
    }
}

/// Removes a file, if it is there.
pub(super) async fn remove(path: &Path) -> Result<(), Error> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Bytes that are free on the disk of a folder.
pub(super) async fn free_bytes(folder: &Path) -> Result<u64, Error> {
    let folder = folder.to_owned();
    blocking(move || {
        std::fs::create_dir_all(&folder)?;
        let disk = nix::sys::statvfs::statvfs(&folder)?;
        Ok(disk.blocks_available().saturating_mul(disk.fragment_size()))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(io::Error::other)??)
}
