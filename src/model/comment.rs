//! A comment: words under a video.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::account::Account;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::text::Text;
use crate::video::Video;

/// How deep replies go; deeper ones become replies to the deepest allowed.
pub const DEPTH_MAX: usize = 100;

/// The words of a comment: 1 to 10,000 characters.
pub type CommentText = Text<1, 10_000>;

/// How the words of a comment are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommentFormat {
    /// By someone here.
    Markdown,
    /// By someone elsewhere: HTML that was cleaned as it came in.
    Html,
}

/// Where a comment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommentState {
    /// Everyone sees it.
    Shown,
    /// Its author, the owner of the video and moderators see it until one of these approves it.
    Held,
    /// Its words are gone; its place stays for the replies.
    Deleted {
        /// When.
        at: Timestamp,
    },
}

/// Words under a video, by someone here or elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: Id<Comment>,
    /// Under which video.
    pub video: Id<Video>,
    /// The comment that began the thread: itself, if it did.
    pub thread: Id<Comment>,
    /// What it replies to; `None` for one that begins a thread.
    pub parent: Option<Id<Comment>>,
    /// Who wrote it.
    pub account: Id<Account>,
    /// Its ActivityPub id, if it is from elsewhere.
    pub uri: Option<Url>,
    /// Its page on its own server, if it is from elsewhere.
    pub url: Option<Url>,
    /// The words; empty once deleted.
    pub text: String,
    /// How they are written.
    pub format: CommentFormat,
    /// Where it stands.
    pub state: CommentState,
    /// When it was written, as its server says (never later than when it came here).
    pub created_at: Timestamp,
    /// When its words last changed.
    pub updated_at: Timestamp,
}

impl Comment {
    /// True if everyone may read it.
    #[must_use]
    pub const fn is_shown(&self) -> bool {
        matches!(self.state, CommentState::Shown)
    }

    /// True once its words are gone.
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        matches!(self.state, CommentState::Deleted { .. })
    }
}
