//! Files in the scratch folder, named by their bytes.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::fault::Trouble;

/// A file that is whole: it never had its final name before.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The SHA-256 of its bytes, in hex.
    pub(crate) sha256: String,
    /// Its size.
    pub(crate) bytes: u64,
}

/// Writes `bytes` as `<folder>/<sha256>.<extension>`: first under another name, so that a killed process leaves no
/// half file behind that looks whole.
pub(crate) fn write(folder: &Path, extension: &str, bytes: &[u8]) -> Result<Written, Trouble> {
    let sha256 = hex::encode(Sha256::digest(bytes));
    let path = folder.join(format!("{sha256}.{extension}"));
    let partial = folder.join(format!("{sha256}.part"));
    fs::write(&partial, bytes)?;
    fs::rename(&partial, &path)?;
    Ok(Written { path, sha256, bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX) })
}

/// The folder of a rung, made if it is not there.
pub(crate) fn folder(scratch: &Path, rung: &str) -> Result<PathBuf, Trouble> {
    let folder = scratch.join(rung);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
