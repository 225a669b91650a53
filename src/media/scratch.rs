//! Scratch folders: where one transcoder writes, gone when its work ends.

use std::path::{Path, PathBuf};

use tracing::warn;

/// A folder that is removed, with all that is in it, when this is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty folder below `root`; what an earlier try left under the same name is removed.
    pub(crate) fn new(root: &Path, kind: &str, number: u64) -> std::io::Result<Self> {
        let path = root.join(format!("{kind}-{number}"));
        remove(&path);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(path: &Path) {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            warn!(%error, path = %path.display(), "a scratch folder could not be removed");
        }
        _ => {}
    }
}

/// Makes the root of all scratch folders, and empties it of what a former run left.
///
/// # Errors
/// If it cannot be made.
pub(crate) fn recover(root: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(root)?;
    for entry in std::fs::read_dir(root)? {
        remove(&entry?.path());
    }
    Ok(())
}
