//! A report: someone thinks that a moderator should look at something; an ActivityPub `Flag`.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::account::Account;
use crate::actor::ActorRef;
use crate::clock::Timestamp;
use crate::comment::Comment;
use crate::id::Id;
use crate::video::Video;

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportTarget {
    /// A video.
    Video(Id<Video>),
    /// A comment.
    Comment(Id<Comment>),
    /// An account.
    Account(Id<Account>),
}

/// Where a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportState {
    /// Nobody decided yet.
    Pending,
    /// Nothing needs to be done.
    Rejected,
    /// Something was done.
    Accepted,
}

impl ReportState {
    /// PeerTube's number: 1 pending, 2 rejected, 3 accepted.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Pending => 1,
            Self::Rejected => 2,
            Self::Accepted => 3,
        }
    }
}

/// Someone thinks that a moderator should look at something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its number.
    pub id: Id<Report>,
    /// Who reports; servers may report for their people.
    pub reporter: ActorRef,
    /// What.
    pub target: ReportTarget,
    /// Why, plain text of at most 3,000 characters.
    pub reason: String,
    /// Why, by PeerTube's numbers (1 violent … 8 captions).
    pub predefined: Vec<u8>,
    /// From which second of the video on.
    pub starts_at_s: Option<u32>,
    /// Up to which second.
    pub ends_at_s: Option<u32>,
    /// Where it stands.
    pub state: ReportState,
    /// What a moderator noted, for moderators alone.
    pub note: Option<String>,
    /// The id of the `Flag`, if it came from elsewhere.
    pub uri: Option<Url>,
    /// When it came.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What its reporter or a moderator said about a report, to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportMessage {
    /// Its number.
    pub id: Id<ReportMessage>,
    /// About which report.
    pub report: Id<Report>,
    /// Who said it.
    pub account: Id<Account>,
    /// True if a moderator did, who is not the reporter.
    pub by_moderator: bool,
    /// Plain text of at most 3,000 characters.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
}
