//! What can go wrong with what is kept.

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Someone else changed a row first: read again and retry.
    #[error("a row changed since it was read")]
    Conflict,
    /// The disk is full; nothing of the batch was written. Reading goes on.
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
    /// A blob is not there.
    #[error("there is no blob {0}")]
    NoBlob(String),
    /// The blob store failed.
    #[error("the blob store failed")]
    Blob(#[source] object_store::Error),
}
