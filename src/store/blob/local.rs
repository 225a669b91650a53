//! Files that become blobs: moved on one file system, copied across two, and on disk for good either way.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use kinora_model::picture::BlobName;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// How many bytes are read at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// The SHA-256 of a file.
pub(crate) fn digest(path: &Path) -> Result<BlobName, Error> {
    let mut file = File::open(path).map_err(Error::from_io)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; BUFFER_BYTES]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(BlobName::from_digest(hasher.finalize().into())),
            Ok(length) => hasher.update(buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::from_io(error)),
        }
    }
}

/// Makes the file `path` the file `target` below `root`: its bytes and its name survive loss of power once this returns.
pub(super) fn adopt(root: &Path, path: &Path, target: &Path) -> Result<(), Error> {
    let Some(folder) = target.parent() else {
        return Err(Error::Unavailable(format!("{} is not a place", target.display())));
    };
    let source = File::open(path).map_err(Error::from_io)?;
    let length = source.metadata().map_err(Error::from_io)?.len();
    if fs::metadata(target).is_ok_and(|there| there.len() == length) {
        // The same bytes came before; their name is their hash.
        return fs::remove_file(path).map_err(Error::from_io);
    }
    make_folders(root, folder)?;
    source.sync_all().map_err(Error::from_io)?;
    match fs::rename(path, target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy(source, folder, target)?;
            fs::remove_file(path).map_err(Error::from_io)?;
        }
        renamed => renamed.map_err(Error::from_io)?,
    }
    sync_folder(folder)
}

/// Copies a file from elsewhere, under another name until all of it is on disk.
fn copy(mut source: File, folder: &Path, target: &Path) -> Result<(), Error> {
    static COPIES: AtomicU64 = AtomicU64::new(0);
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!("{}.{}.copying", std::process::id(), number));
    let copied = (|| {
        let mut file = File::create(&beside)?;
        io::copy(&mut source, &mut file)?;
        file.flush()?;
        file.sync_all()?;
        fs::rename(&beside, target)
    })();
    if copied.is_err() {
        // Room that half a copy takes helps nobody.
        drop(fs::remove_file(&beside));
    }
    copied.map_err(Error::from_io)
}

/// Makes a folder and those above it up to `root`, each of them on disk for good.
pub(super) fn make_folders(root: &Path, folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(Error::from_io)?;
    let mut above: Option<PathBuf> = folder.parent().map(Path::to_owned);
    while let Some(parent) = above {
        sync_folder(&parent)?;
        above = if parent == root { None } else { parent.parent().map(Path::to_owned) };
    }
    Ok(())
}

/// Writes the names in a folder to disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Error> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::from_io)
}

/// Removes what copies and puts left behind that never ended; returns how many there were.
pub(super) fn remove_half_made(folder: &Path) -> Result<usize, Error> {
    let mut removed = 0_usize;
    for entry in fs::read_dir(folder).map_err(Error::from_io)? {
        let path = entry.map_err(Error::from_io)?.path();
        if path.is_dir() {
            removed = removed.saturating_add(remove_half_made(&path)?);
        } else if is_half_made(&path) {
            fs::remove_file(&path).map_err(Error::from_io)?;
            removed = removed.saturating_add(1);
        }
    }
    Ok(removed)
}

/// True for the names that a copy or a put has until it is whole: `….copying`, and `…#1` of the object store.
pub(crate) fn is_half_made(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".copying") || name.contains('#')
}
