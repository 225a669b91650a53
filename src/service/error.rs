//! Why a use case was not carried out: each variant is something the caller can act on.

/// Why a use case was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the asker may not know of it.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The asker may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A field is not as it must be.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field, as the asker named it.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Someone has this already.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// It cannot be done as things stand.
    #[error("{0}")]
    Refused(&'static str),
    /// Name and password do not go together.
    #[error("the name or the password is wrong")]
    WrongPassword,
    /// The user may not log in.
    #[error("this user is blocked: {0}")]
    Blocked(String),
    /// The registration waits for a moderator.
    #[error("this registration waits for an answer")]
    AwaitsApproval,
    /// The registration was rejected.
    #[error("this registration was rejected")]
    Rejected,
    /// A token is unknown or has ended.
    #[error("this token is not valid any more")]
    InvalidToken,
    /// Nobody can register here.
    #[error("registration is closed on this server")]
    RegistrationClosed,
    /// The file would not fit into the user's quota.
    #[error("{needed_bytes} bytes are needed, {left_bytes} are left of the quota")]
    QuotaExceeded {
        /// Size of the file.
        needed_bytes: u64,
        /// What is left.
        left_bytes: u64,
    },
    /// The file is larger than this node takes at all.
    #[error("the file has {has_bytes} bytes; this server takes at most {max_bytes}")]
    TooLarge {
        /// Size of the file.
        has_bytes: u64,
        /// The most allowed.
        max_bytes: u64,
    },
    /// Asked too often.
    #[error("too many tries; try again in {retry_after_s} seconds")]
    TooOften {
        /// Seconds until the next try is welcome.
        retry_after_s: u64,
    },
    /// A part does not begin where the last one ended.
    #[error("the next part begins at byte {expected_bytes}")]
    WrongOffset {
        /// How many bytes are safely here.
        expected_bytes: u64,
    },
    /// Another request is writing to the same upload.
    #[error("another request is writing to this upload")]
    UploadBusy,
    /// The disk is full: nothing is lost, the same request can be sent again once there is room.
    #[error("there is no space left on this server")]
    NoSpace,
    /// The file cannot be put together yet.
    #[error("this file is still being made")]
    NotReady,
    /// The store failed.
    #[error(transparent)]
    Store(kinora_store::Error),
    /// A file outside the store could not be read or written.
    #[error("a file could not be read or written")]
    Io(#[source] std::io::Error),
}

impl From<kinora_store::Error> for Error {
    fn from(error: kinora_store::Error) -> Self {
        match error {
            kinora_store::Error::NoSpace => Self::NoSpace,
            other => Self::Store(other),
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

impl Error {
    /// A field that is not as it must be.
    #[must_use]
    pub fn invalid(field: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Invalid { field, reason: reason.to_string() }
    }
}
