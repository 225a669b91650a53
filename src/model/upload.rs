//! An upload: a file on its way in, part by part.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::user::User;
use crate::video::{Video, VideoWords};

/// A file that is coming in, resumable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Its number; the file of its parts is named by it.
    pub id: Id<Upload>,
    /// The secret word that names it on the wire (`upload_id`): 32 hex digits.
    pub token: String,
    /// Who uploads.
    pub user: Id<User>,
    /// Where the video will be.
    pub channel: Id<Channel>,
    /// The file's name as its owner had it: shown and offered for download, never a path.
    pub filename: String,
    /// The size announced, in bytes.
    pub bytes: u64,
    /// How many bytes are safely on disk.
    pub received_bytes: u64,
    /// What is known of the video so far.
    pub words: VideoWords,
    /// The video, once the last part has landed: asking again answers the same video.
    pub done: Option<Id<Video>>,
    /// When it began.
    pub created_at: Timestamp,
    /// When the last part came; stale uploads are collected.
    pub touched_at: Timestamp,
}
