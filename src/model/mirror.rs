//! A mirror: another server keeps a copy of a video of ours and serves it; an ActivityPub `CacheFile`.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::Timestamp;
use crate::host::Host;
use crate::id::Id;
use crate::video::Video;

/// A server keeps a copy of a video; at most one for each pair.
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
