//! A notification: something that a user here wants to know.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::actor::ActorRef;
use crate::clock::Timestamp;
use crate::comment::Comment;
use crate::id::Id;
use crate::report::{Report, ReportMessage};
use crate::user::User;
use crate::video::Video;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// A channel that the user follows has a new video.
    NewVideo {
        /// The video.
        video: Id<Video>,
    },
    /// Someone commented on a video of the user, or replied to them.
    NewComment {
        /// The comment.
        comment: Id<Comment>,
        /// The video.
        video: Id<Video>,
    },
    /// Someone mentioned the user.
    Mention {
        /// The comment.
        comment: Id<Comment>,
        /// The video.
        video: Id<Video>,
    },
    /// Someone follows the user or a channel of theirs.
    NewFollower {
        /// Who follows.
        follower: ActorRef,
        /// Who is followed.
        followed: ActorRef,
    },
    /// Someone reported something; for moderators.
    NewReport {
        /// The report.
        report: Id<Report>,
    },
    /// A report of the user was decided about.
    ReportDecided {
        /// The report.
        report: Id<Report>,
    },
    /// Someone said something about a report of the user, or that they moderate.
    ReportMessage {
        /// The report.
        report: Id<Report>,
        /// What was said.
        message: Id<ReportMessage>,
    },
    /// A server follows this one; for administrators.
    NewInstanceFollower {
        /// The server.
        follower: ActorRef,
    },
    /// A video of the user can be watched.
    VideoPublished {
        /// The video.
        video: Id<Video>,
    },
    /// A new user registered; for moderators.
    NewUser {
        /// Their account.
        account: Id<Account>,
    },
}

/// The kinds of notices: users choose which they want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "those of a notice")]
pub enum NoticeKind {
    NewVideo,
    NewComment,
    Mention,
    NewFollower,
    NewReport,
    ReportDecided,
    ReportMessage,
    NewInstanceFollower,
    VideoPublished,
    NewUser,
}

impl Notice {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> NoticeKind {
        match self {
            Self::NewVideo { .. } => NoticeKind::NewVideo,
            Self::NewComment { .. } => NoticeKind::NewComment,
            Self::Mention { .. } => NoticeKind::Mention,
            Self::NewFollower { .. } => NoticeKind::NewFollower,
            Self::NewReport { .. } => NoticeKind::NewReport,
            Self::ReportDecided { .. } => NoticeKind::ReportDecided,
            Self::ReportMessage { .. } => NoticeKind::ReportMessage,
            Self::NewInstanceFollower { .. } => NoticeKind::NewInstanceFollower,
            Self::VideoPublished { .. } => NoticeKind::VideoPublished,
            Self::NewUser { .. } => NoticeKind::NewUser,
        }
    }
}

/// What a user does not want to be told of; no row for those who want everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwanted {
    /// Who.
    pub user: Id<User>,
    /// Which notices.
    pub kinds: Vec<NoticeKind>,
}

/// Something that a user wants to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Its number.
    pub id: Id<Notification>,
    /// Whom it is for.
    pub user: Id<User>,
    /// What happened.
    pub notice: Notice,
    /// True once they saw it.
    pub read: bool,
    /// When it happened.
    pub created_at: Timestamp,
}
