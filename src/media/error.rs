//! What can go wrong between an upload and its segments.

use std::path::PathBuf;

/// Why media work was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ladder file cannot be used.
    #[error("the ladder is not sound: {0}")]
    Ladder(String),
    /// The transcoder program is not where it should be.
    #[error("the transcoder was not found at {0}; set [media] transcoder")]
    NoTranscoder(PathBuf),
    /// The operator wants a full sandbox and this machine gives less.
    #[error("the sandbox is weaker than [media] require_sandbox asks for: {0}")]
    WeakSandbox(String),
    /// The input is at fault; trying again is useless.
    #[error("{detail}")]
    Refused {
        /// A stable word: `not-media`, `no-streams`, `too-large`.
        code: &'static str,
        /// A sentence for the owner of the input.
        detail: String,
    },
    /// The transcoder gave up, for a reason that may pass.
    #[error("the transcoder failed: {0}")]
    Failed(String),
    /// The transcoder died, or ended without saying how it went.
    #[error("the transcoder died: {0}")]
    Died(String),
    /// The transcoder made no progress for too long and was killed.
    #[error("the transcoder made no progress for {0} s")]
    Stalled(u64),
    /// The work is no longer wanted: its video is gone.
    #[error("the work was cancelled")]
    Cancelled,
    /// The node is stopping; the work goes on at the next start.
    #[error("the node is stopping")]
    Stopping,
    /// The disk is full: the work waits for room.
    #[error("there is no space left on the disk")]
    NoSpace,
    /// What is asked for is not whole yet.
    #[error("this is still being made")]
    NotReady,
    /// There is no such thing.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A torrent could not be written or read.
    #[error("the torrent could not be made: {0}")]
    Torrent(String),
    /// The store failed.
    #[error(transparent)]
    Store(kinora_store::Error),
    /// A use case failed.
    #[error(transparent)]
    Service(kinora_service::Error),
    /// A file could not be read or written.
    #[error("a file could not be read or written")]
    Io(#[source] std::io::Error),
}

impl From<kinora_store::Error> for Error {
    fn from(error: kinora_store::Error) -> Self {
        match error {
            kinora_store::Error::NoSpace => Self::NoSpace,
            // Whoever else has the job now does it; a video that was deleted takes its jobs along.
            kinora_store::Error::LeaseLost => Self::Cancelled,
            other => Self::Store(other),
        }
    }
}

impl From<kinora_service::Error> for Error {
    fn from(error: kinora_service::Error) -> Self {
        match error {
            kinora_service::Error::NoSpace => Self::NoSpace,
            kinora_service::Error::NotFound(what) => Self::NotFound(what),
            kinora_service::Error::Store(error) => Self::from(error),
            other => Self::Service(other),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Io(error),
        }
    }
}
