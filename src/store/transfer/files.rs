//! Files of a backup: linked out of a store, and copied into one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use kinora_model::picture::BlobName;

use crate::blob::digest_of_file;
use crate::error::Error;

/// The deepest that files of a store lie: `blobs/ab/cd/<name>`.
const DEPTH_MAX: usize = 4;

/// The folder in which transcoders work: nothing in it outlives them.
const SCRATCH: &str = "scratch";

/// Where a blob lies below a folder of files.
pub(super) fn blob_path(files: &Path, name: &BlobName) -> PathBuf {
    files.join(crate::blob::place_of(name))
}

/// Links all files below `from` to the same places below `to`, or copies them to another disk; those already there stay.
/// Returns how many it brought.
pub(super) fn link_all(
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let mut bring = |source: &Path, target: &Path| {
        match fs::hard_link(source, target) {
            Ok(()) => return Ok(true),
            // Deleted since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(_) => {}
        }
        match fs::copy(source, target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            copied => copied.map(|_| true).map_err(Error::from_io),
        }
    };
    walk(from, to, DEPTH_MAX, &mut 0, &mut bring, progress)
}

/// Copies all files below `from` to the same places below `to`; those already there stay. A blob that is not what its
/// name says is refused.
pub(super) fn copy_all(
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let mut bring = |source: &Path, target: &Path| {
        let name = source.file_name().and_then(|name| name.to_str()).and_then(BlobName::parse);
        if let Some(expected) = name {
            let found = digest_of_file(source)?;
            if found != expected {
                return Err(Error::WrongBlob { expected, found });
            }
        }
        // Under another name until it is whole: what has the name of a blob is believed to be one.
        let making = target.with_extension("copying");
        fs::copy(source, &making).map_err(Error::from_io)?;
        File::open(&making).and_then(|file| file.sync_all()).map_err(Error::from_io)?;
        fs::rename(&making, target).map_err(Error::from_io)?;
        Ok(true)
    };
    walk(from, to, DEPTH_MAX, &mut 0, &mut bring, progress)
}

type Bring<'a> = &'a mut dyn FnMut(&Path, &Path) -> Result<bool, Error>;

fn walk(
    from: &Path,
    to: &Path,
    depth: usize,
    count: &mut u64,
    bring: Bring<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, Error> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(*count) };
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(*count),
        Err(error) => return Err(Error::from_io(error)),
    };
    fs::create_dir_all(to).map_err(Error::from_io)?;
    for entry in entries {
        let entry = entry.map_err(Error::from_io)?;
        if entry.file_name() == SCRATCH {
            continue;
        }
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(Error::from_io)?;
        if kind.is_dir() {
            walk(&source, &target, depth, count, bring, progress)?;
        } else if kind.is_file()
            && !crate::blob::is_half_made(&source)
            && !target.exists()
            && bring(&source, &target)?
        {
            *count = count.saturating_add(1);
            progress(*count);
        }
    }
    Ok(*count)
}

/// Writes all that was changed on the disk of a folder to it.
pub(super) fn sync_all(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::from_io)?;
    let folder = File::open(folder).map_err(Error::from_io)?;
    nix::unistd::syncfs(folder).map_err(|errno| Error::from_io(errno.into()))
}
