//! Why talking with another server failed.

use kinora_model::host::Host;

/// Why talking with another server failed. Each variant is something the caller can act on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// It was there and is gone for good.
    #[error("it is gone")]
    Gone,
    /// The request is not signed as it must be.
    #[error("the request is not signed as it must be: {0}")]
    Unverified(String),
    /// The rules of this node forbid it.
    #[error("this server does not talk with {0}")]
    Blocked(Host),
    /// What came is not what it should be; trying again does not help.
    #[error("it cannot be understood: {0}")]
    Unreadable(String),
    /// What came is refused for a reason that its sender may know.
    #[error("it is refused: {0}")]
    Refused(&'static str),
    /// The address may not be connected to.
    #[error("this address may not be connected to")]
    PrivateAddress,
    /// The other server answered, but not with what was asked.
    #[error("{host} answered with status {status}")]
    Status {
        /// The server.
        host: Host,
        /// What it said.
        status: u16,
        /// In how many seconds it wants to be asked again.
        retry_after_s: Option<u64>,
    },
    /// The other server cannot be reached, or not in time.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The server.
        host: Host,
        /// Why.
        reason: String,
    },
    /// Too much was asked for: pages, bytes, redirects, time.
    #[error("a limit was reached: {0}")]
    Limit(&'static str),
    /// The settings do not go together.
    #[error("{0}")]
    Setting(String),
    /// Keys could not be made or read.
    #[error("keys cannot be used")]
    Keys,
    /// A use case did not agree.
    #[error(transparent)]
    Service(#[from] kinora_service::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] kinora_store::Error),
    /// The node stops.
    #[error("the node stops")]
    Stopping,
}

impl Error {
    /// True if trying the same again later can help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Store(_) | Self::Service(_) | Self::Stopping => true,
            Self::Status { status, .. } => *status >= 500 || matches!(*status, 408 | 429),
            _ => false,
        }
    }
}
