//! Mirrors: servers keep copies of each other's videos, by agreement; an ActivityPub `CacheFile` says so.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::channel::Channel;
use crate::clock::Timestamp;
use crate::host::Host;
use crate::id::Id;
use crate::video::Video;

/// Another server keeps a copy of a video of ours; at most one for each pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mirror {
    /// Which video.
    pub video: Id<Video>,
    /// Which server.
    pub host: Host,
    /// The id of its `CacheFile`.
    pub uri: Url,
    /// The folder with the HLS files, named as they are here.
    pub base: Url,
    /// Until when it is kept; `None` until it is taken back.
    pub expires_at: Option<Timestamp>,
    /// When this node heard of it.
    pub created_at: Timestamp,
}

impl Mirror {
    /// True if the server still promises the copy.
    #[must_use]
    pub fn is_kept(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }
}

/// What an administrator agreed with another server: which of the two keeps copies of the other's videos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pact {
    /// With which server.
    pub host: Host,
    /// Whether that server may keep copies of our videos.
    pub may_keep: bool,
    /// What this node keeps of theirs; `None` keeps nothing.
    pub keeps: Option<Keeping>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What this node keeps of another server's videos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping {
    /// How much disk all copies of that server may take, in bytes.
    pub quota_bytes: u64,
    /// How fast copies are fetched, in bytes a second; `None` as fast as it goes.
    pub bytes_per_s: Option<u64>,
    /// Of which channels; empty for all.
    pub channels: Vec<Id<Channel>>,
}

impl Keeping {
    /// True if videos of a channel are kept.
    #[must_use]
    pub fn covers(&self, channel: Id<Channel>) -> bool {
        self.channels.is_empty() || self.channels.contains(&channel)
    }
}

/// How far a copy is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplicaState {
    /// It is being fetched, or waits for that.
    Waiting,
    /// It is whole: this node serves it.
    Whole,
    /// It cannot be kept, for this reason.
    Failed(String),
}

/// A copy that this node keeps of a video that lives elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// Of which video.
    pub video: Id<Video>,
    /// Of which server.
    pub host: Host,
    /// How far it is.
    pub state: ReplicaState,
    /// How much of it is here, in bytes.
    pub bytes: u64,
    /// How much there will be, in bytes, as its server says.
    pub bytes_wanted: u64,
    /// When it was first wanted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
