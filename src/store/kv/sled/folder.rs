//! The folder of the rows: one process at a time, and a replacement that no crash leaves half done.
//!
//! A replacement is made as `….making`, becomes `….new` when it is whole, and then takes the place of the folder, which
//! is `….old` until it is removed. Every step is one rename; [`settle`] ends or undoes what a crash interrupted.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::error::Error;

/// How often a folder that is in use is tried again.
const TAKE_TRIES_MAX: u32 = 50;

/// How long to wait before that.
const TAKE_PAUSE: Duration = Duration::from_millis(20);

/// The right to use a folder, until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the right to use a folder; the folder itself need not exist yet.
    pub(super) fn take(dir: &Path) -> Result<Self, Error> {
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent).map_err(Error::from_io)?;
        }
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(beside(dir, "lock"));
        let mut file = file.map_err(Error::from_io)?;
        let mut tries = 1;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => return Ok(Self { _file: file }),
                // A process that was killed as it started a child has its files open until the child has begun.
                Err((again, Errno::EWOULDBLOCK)) if tries < TAKE_TRIES_MAX => file = again,
                Err((_, Errno::EWOULDBLOCK)) => return Err(Error::InUse(dir.to_owned())),
                Err((_, errno)) => return Err(Error::from_io(errno.into())),
            }
            tries += 1;
            std::thread::sleep(TAKE_PAUSE);
        }
    }
}

/// The name of something that belongs to a folder and lies beside it.
pub(super) fn beside(dir: &Path, ending: &str) -> PathBuf {
    let mut name = dir.file_name().map_or_else(|| OsString::from("store"), OsString::from);
    name.push(".");
    name.push(ending);
    dir.with_file_name(name)
}

/// Ends or undoes a replacement that a crash interrupted.
pub(super) fn settle(dir: &Path) -> Result<(), Error> {
    let [making, new, old] = ["making", "new", "old"].map(|ending| beside(dir, ending));
    remove(&making)?;
    if !dir.exists() {
        // The replacement is whole; without it the folder only has to be given its name back.
        let whole = if new.exists() { &new } else { &old };
        if whole.exists() {
            rename(whole, dir)?;
        }
    }
    // What was replaced holds nothing that the folder does not hold; neither does a replacement not yet in place.
    remove(&new)?;
    remove(&old)
}

/// Puts `….making`, which is whole and on disk, in place of the folder.
pub(super) fn replace(dir: &Path) -> Result<(), Error> {
    let [making, new, old] = ["making", "new", "old"].map(|ending| beside(dir, ending));
    rename(&making, &new)?;
    if dir.exists() {
        rename(dir, &old)?;
    }
    rename(&new, dir)?;
    remove(&old)
}

/// A snapshot that a crash interrupted makes sled refuse to open; it holds nothing that the log does not hold.
pub(super) fn remove_half_snapshots(dir: &Path) -> Result<(), Error> {
    if !dir.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(dir).map_err(Error::from_io)? {
        let entry = entry.map_err(Error::from_io)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(file = %name, "removed a snapshot that a crash interrupted: {name}");
            fs::remove_file(entry.path()).map_err(Error::from_io)?;
        }
    }
    Ok(())
}

/// The bytes that are free on the disk of a folder.
pub(super) fn free_bytes(dir: &Path) -> io::Result<u64> {
    let disk = nix::sys::statvfs::statvfs(dir)?;
    Ok(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(Error::from_io)?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = File::open(parent.unwrap_or(Path::new(".")));
    parent.and_then(|parent| parent.sync_all()).map_err(Error::from_io)
}

fn remove(dir: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::from_io(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    /// Makes the folders that a crash after some step of [`replace`] leaves, each with its name in a file.
    fn crashed(endings: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("rows");
        for ending in endings {
            let folder = if ending.is_empty() { dir.clone() } else { beside(&dir, ending) };
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("name"), ending).unwrap();
        }
        (home, dir)
    }

    #[test]
    fn a_crash_at_any_step_of_a_replacement_leaves_one_whole_folder() {
        let steps: [(&[&str], &str); 6] = [
            (&["", "making"], ""),
            (&["", "new"], ""),
            (&["old", "new"], "new"),
            (&["", "old"], ""),
            (&["old"], "old"),
            (&["making"], "nothing"),
        ];
        for (endings, wanted) in steps {
            let (home, dir) = crashed(endings);
            settle(&dir).unwrap();
            let found = fs::read_to_string(dir.join("name")).unwrap_or("nothing".to_owned());
            assert_eq!(found, wanted, "after {endings:?}");
            let left = fs::read_dir(home.path()).unwrap().count();
            assert_eq!(left, usize::from(wanted != "nothing"), "after {endings:?}");
        }
    }

    #[test]
    fn a_replacement_takes_the_place_of_the_folder() {
        let (home, dir) = crashed(&["", "making"]);
        replace(&dir).unwrap();
        assert_eq!(fs::read_to_string(dir.join("name")).unwrap(), "making");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn two_at_once_cannot_use_one_folder() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("rows");
        let first = Lock::take(&dir).unwrap();
        assert!(matches!(Lock::take(&dir), Err(Error::InUse(_))));
        drop(first);
        Lock::take(&dir).unwrap();
    }
}
