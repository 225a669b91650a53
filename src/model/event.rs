//! An event: something that happened, in the journal.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::actor::ActorRef;
use crate::channel::Channel;
use crate::comment::Comment;
use crate::id::Id;
use crate::rendition::Rendition;
use crate::user::User;
use crate::video::Video;

/// Something that happened; rooms that care follow the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// Someone joined.
    UserCreated {
        /// The user.
        user: Id<User>,
        /// Their account.
        account: Id<Account>,
    },
    /// An account's words or pictures changed.
    AccountUpdated {
        /// The account.
        account: Id<Account>,
    },
    /// An account is gone, with all its channels.
    AccountDeleted {
        /// The account.
        account: Id<Account>,
    },
    /// A channel began.
    ChannelCreated {
        /// The channel.
        channel: Id<Channel>,
    },
    /// A channel's words or pictures changed.
    ChannelUpdated {
        /// The channel.
        channel: Id<Channel>,
    },
    /// A channel is gone, with all its videos.
    ChannelDeleted {
        /// The channel.
        channel: Id<Channel>,
    },
    /// The last part of a video's file landed.
    VideoCreated {
        /// The video.
        video: Id<Video>,
    },
    /// A video can be watched.
    VideoPublished {
        /// The video.
        video: Id<Video>,
    },
    /// A video's words, pictures, privacy or counts changed.
    VideoUpdated {
        /// The video.
        video: Id<Video>,
    },
    /// A rendition is whole.
    RenditionReady {
        /// Of which video.
        video: Id<Video>,
        /// The rendition.
        rendition: Id<Rendition>,
    },
    /// A video could not be made.
    VideoFailed {
        /// The video.
        video: Id<Video>,
    },
    /// A video is gone.
    VideoDeleted {
        /// The video.
        video: Id<Video>,
    },
    /// Someone commented.
    CommentMade {
        /// The comment.
        comment: Id<Comment>,
        /// Under which video.
        video: Id<Video>,
    },
    /// The words of a comment changed, or it was approved.
    CommentUpdated {
        /// The comment.
        comment: Id<Comment>,
        /// Under which video.
        video: Id<Video>,
    },
    /// The words of a comment are gone.
    CommentDeleted {
        /// The comment.
        comment: Id<Comment>,
        /// Under which video.
        video: Id<Video>,
    },
    /// Someone follows someone, or no longer.
    FollowChanged {
        /// Who follows.
        follower: ActorRef,
        /// Who is followed.
        followed: ActorRef,
    },
}

impl Event {
    /// The video it is about, if it is about one.
    #[must_use]
    pub const fn video(&self) -> Option<Id<Video>> {
        match self {
            Self::VideoCreated { video }
            | Self::VideoPublished { video }
            | Self::VideoUpdated { video }
            | Self::RenditionReady { video, .. }
            | Self::VideoFailed { video }
            | Self::VideoDeleted { video } => Some(*video),
            _ => None,
        }
    }
}
