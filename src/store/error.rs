//! What can go wrong with what is kept.

use std::io;
use std::path::PathBuf;

use kinora_model::picture::BlobName;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Someone else changed a row first: read again and retry.
    #[error("a row changed since it was read")]
    Conflict,
    /// The disk is full; nothing was written. Reading goes on.
    #[error("there is no space left on the disk")]
    NoSpace,
    /// The engine has stopped or cannot write.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// A stored row cannot be read: a newer Kinora wrote it, or the disk lies.
    #[error("row in table {table} cannot be decoded: {reason}")]
    Corrupt {
        /// Name of the table.
        table: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// A job was cancelled or given to another worker: whoever worked on it stops.
    #[error("the job belongs to someone else now")]
    LeaseLost,
    /// Another process has the store open.
    #[error("another process uses the store in {}", .0.display())]
    InUse(PathBuf),
    /// There are rows where none may be.
    #[error("there are rows in {} already", .0.display())]
    NotEmpty(PathBuf),
    /// A file of the store cannot be read or written.
    #[error("a file of the store cannot be read or written")]
    Io(#[source] io::Error),
    /// A file is not a backup, or not a whole one.
    #[error("this is not a whole backup: {0}")]
    BadBackup(String),
    /// A file is not the blob it was said to be.
    #[error("a file was said to be the blob {expected} but is {found}")]
    WrongBlob {
        /// What it was said to be.
        expected: BlobName,
        /// What it is.
        found: BlobName,
    },
    /// A blob is not there.
    #[error("there is no blob {0}")]
    NoBlob(String),
    /// The blob store failed.
    #[error("the blob store failed")]
    Blob(#[source] object_store::Error),
}

impl Error {
    /// What a failed file operation means.
    #[must_use]
    pub fn from_io(error: io::Error) -> Self {
        if is_full(&error) { Self::NoSpace } else { Self::Io(error) }
    }

    /// What a failure of the blob store means.
    #[must_use]
    pub fn from_blob(error: object_store::Error) -> Self {
        if let object_store::Error::NotFound { path, .. } = &error {
            let name = path.rsplit('/').next().unwrap_or(path);
            return Self::NoBlob(name.to_owned());
        }
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(inner) = cause {
            if inner.downcast_ref::<io::Error>().is_some_and(is_full) {
                return Self::NoSpace;
            }
            cause = inner.source();
        }
        Self::Blob(error)
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_recognised_however_deep_it_lies() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(Error::from_io(full()), Error::NoSpace));
        let wrapped = object_store::Error::Generic { store: "local", source: Box::new(full()) };
        assert!(matches!(Error::from_blob(wrapped), Error::NoSpace));
        let other = object_store::Error::Generic { store: "local", source: "odd".into() };
        assert!(matches!(Error::from_blob(other), Error::Blob(_)));
    }
}
