//! A reaction: what someone thinks of a video.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::video::Video;

/// For or against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rating {
    /// For.
    Like,
    /// Against.
    Dislike,
}

/// The rating of a video by an account: at most one for each pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Which video.
    pub video: Id<Video>,
    /// Whose rating.
    pub account: Id<Account>,
    /// The rating.
    pub rating: Rating,
    /// When it was given.
    pub created_at: Timestamp,
}
