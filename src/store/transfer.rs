//! Rows and files out of a store and into another: backup, restore, and the way from one engine to the next.
//!
//! A backup is a folder: `files` as the store keeps them, hard-linked where that is possible, and `rows.kinora`, which
//! is put there last and so says that all is there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kinora_model::picture::BlobName;
use tokio::sync::mpsc;

use crate::error::Error;
use crate::kv::Kv;
use crate::kv::sled::{SledConfig, fill};
use crate::tables::BLOB_OWNERS;

mod files;
pub mod rows;

use rows::{RowsReader, RowsWriter};

/// The file of the rows within a backup.
const ROWS: &str = "rows.kinora";

/// The same until it is whole.
const ROWS_MAKING: &str = "rows.making";

/// The folder of the files within a backup.
const FILES: &str = "files";

/// How many pages of rows may wait to be written to a backup.
const PAGES_MAX: usize = 4;

/// How many names of missing blobs a backup tells.
const MISSING_MAX: usize = 100;

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many files were linked or copied.
    Files(u64),
    /// So many rows were written.
    Rows(u64),
}

/// What a backup or a restore moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Rows.
    pub rows: u64,
    /// Files: blobs and originals.
    pub files: u64,
    /// Blobs that rows speak of but that are not there, the first hundred: a disk that lost something, or a video that
    /// was deleted while the backup was made.
    pub missing: Vec<BlobName>,
}

/// Makes a backup in the folder `out`, which must not exist or be empty, of rows as they are at one moment and the
/// files in `files_dir`. The node may run meanwhile; its commits wait while the rows are written.
///
/// # Errors
/// [`Error::NotEmpty`] if `out` is in use, [`Error::NoSpace`] or [`Error::Io`] if it cannot be written,
/// [`Error::Unavailable`] if the engine stops.
pub async fn backup(
    kv: Arc<dyn Kv>,
    files_dir: &Path,
    out: &Path,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Moved, Error> {
    let (files_dir, out) = (files_dir.to_owned(), out.to_owned());
    let runtime = tokio::runtime::Handle::current();
    let work = move || {
        let (pages, waiting) = mpsc::channel(PAGES_MAX);
        let dump = || runtime.block_on(kv.dump(pages)).map(|()| waiting);
        write_backup(dump, &files_dir, &out, progress)
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Unavailable(error.to_string()))?
}

type Pages = mpsc::Receiver<Result<Vec<crate::kv::Row>, Error>>;

fn write_backup(
    dump: impl FnOnce() -> Result<Pages, Error>,
    files_dir: &Path,
    out: &Path,
    mut progress: impl FnMut(Progress),
) -> Result<Moved, Error> {
    fs::create_dir_all(out).map_err(Error::from_io)?;
    if fs::read_dir(out).map_err(Error::from_io)?.next().is_some() {
        return Err(Error::NotEmpty(out.to_owned()));
    }
    let kept = out.join(FILES);
    // Files first, so that those deleted after the moment of the rows are in it; then those that came in between.
    let mut files =
        files::link_all(files_dir, &kept, &mut |count| progress(Progress::Files(count)))?;
    let making = out.join(ROWS_MAKING);
    let mut writer = RowsWriter::create(&making)?;
    let mut pages = dump()?;
    while let Some(page) = pages.blocking_recv() {
        writer.write(&page?)?;
        progress(Progress::Rows(writer.rows()));
    }
    let rows = writer.finish()?;
    files = files.saturating_add(files::link_all(files_dir, &kept, &mut |_| {})?);
    let mut missing = needed(&making)?;
    missing.retain(|name| !files::blob_path(&kept, name).is_file());
    missing.truncate(MISSING_MAX);
    files::sync_all(out)?;
    fs::rename(&making, out.join(ROWS)).map_err(Error::from_io)?;
    File::open(out).and_then(|folder| folder.sync_all()).map_err(Error::from_io)?;
    Ok(Moved { rows, files, missing })
}

/// The blobs that the rows in a file speak of, each once.
fn needed(path: &Path) -> Result<Vec<BlobName>, Error> {
    let mut reader = RowsReader::open(path)?;
    let mut names = Vec::new();
    loop {
        let page = reader.page()?;
        if page.is_empty() {
            names.dedup();
            return Ok(names);
        }
        for (key, _) in page {
            let digest = key.split_first().filter(|(table, _)| **table == BLOB_OWNERS.byte);
            let digest = digest.and_then(|(_, rest)| rest.first_chunk::<32>());
            names.extend(digest.map(|digest| BlobName::from_digest(*digest)));
        }
    }
}

/// Puts a backup into a node that has no rows yet and is not running: files first, each checked against its name, then
/// all rows at once. A crash leaves a node without rows, and the same call begins again.
///
/// # Errors
/// [`Error::BadBackup`] if the backup is not whole, [`Error::WrongBlob`] if a file in it is damaged,
/// [`Error::NotEmpty`] if the node has rows; otherwise as [`backup`].
pub fn restore(
    config: &SledConfig,
    files_dir: &Path,
    from: &Path,
    mut progress: impl FnMut(Progress),
) -> Result<Moved, Error> {
    let path = whole_rows(from)?;
    let mut reader = RowsReader::open(&path)?;
    let files = files::copy_all(&from.join(FILES), files_dir, &mut |count| {
        progress(Progress::Files(count))
    })?;
    files::sync_all(files_dir)?;
    let mut missing = needed(&path)?;
    missing.retain(|name| !files::blob_path(files_dir, name).is_file());
    missing.truncate(MISSING_MAX);
    let rows = fill(config, || reader.page(), |rows| progress(Progress::Rows(rows)))?;
    Ok(Moved { rows, files, missing })
}

fn whole_rows(from: &Path) -> Result<PathBuf, Error> {
    let path = from.join(ROWS);
    if path.is_file() {
        return Ok(path);
    }
    Err(Error::BadBackup(format!("there is no {ROWS} in {}", from.display())))
}

#[cfg(test)]
mod tests;
