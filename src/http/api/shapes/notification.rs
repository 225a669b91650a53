//! Notifications.

use kinora_model::comment::{self, CommentState};
use kinora_model::follow;
use kinora_model::notification::{self, Notice};
use kinora_model::report::{self, ReportState};
use kinora_model::{account, channel};
use serde::Serialize;
use utoipa::ToSchema;

use super::actor::{Image, Summary};
use super::comment::Video;
use crate::config::Config;

/// Something that a user wants to know.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its number.
    pub id: u64,
    /// What happened: 1 a new video of someone followed, 2 a comment on a video of one's own or a reply, 3 a report, 6 a
    /// video of one's own can be watched, 9 a new user, 10 a new follower, 11 a mention, 13 a new follower of the server,
    /// 15 a decision about a report of one's own, 16 a message about a report.
    #[serde(rename = "type")]
    pub kind: u8,
    /// True once it was seen.
    pub read: bool,
    /// The video it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<NewsVideo>,
    /// The comment it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<NewsComment>,
    /// The report it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abuse: Option<NewsReport>,
    /// The account it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Actor>,
    /// The follow it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_follow: Option<NewsFollow>,
    /// When it happened.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

impl Notification {
    /// A notification with nothing it is about yet.
    #[must_use]
    pub fn of(row: &notification::Notification) -> Self {
        Self {
            id: row.id.raw(),
            kind: kind(&row.notice),
            read: row.read,
            video: None,
            comment: None,
            abuse: None,
            account: None,
            actor_follow: None,
            created_at: row.created_at.to_string(),
            updated_at: row.created_at.to_string(),
        }
    }
}

/// PeerTube's number of a notice.
#[must_use]
pub const fn kind(notice: &Notice) -> u8 {
    match notice {
        Notice::NewVideo { .. } => 1,
        Notice::NewComment { .. } => 2,
        Notice::NewReport { .. } => 3,
        Notice::VideoPublished { .. } => 6,
        Notice::NewUser { .. } => 9,
        Notice::NewFollower { .. } => 10,
        Notice::Mention { .. } => 11,
        Notice::NewInstanceFollower { .. } => 13,
        Notice::ReportDecided { .. } => 15,
        Notice::ReportMessage { .. } => 16,
    }
}

/// An account, a channel or a server in few words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationActor)]
pub struct Actor {
    /// Its number.
    pub id: u64,
    /// The name shown.
    pub display_name: String,
    /// The part of the handle before the `@`.
    pub name: String,
    /// The part of the handle after the `@`.
    pub host: String,
    /// Its pictures, smallest first.
    pub avatars: Vec<Image>,
    /// The largest of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<Image>,
}

impl From<Summary> for Actor {
    fn from(summary: Summary) -> Self {
        let Summary { id, name, display_name, host, avatars, .. } = summary;
        Self { id, display_name, name, host, avatar: avatars.last().cloned(), avatars }
    }
}

impl Actor {
    /// An account.
    #[must_use]
    pub fn account(config: &Config, account: &account::Account) -> Self {
        Summary::account(config, account).into()
    }

    /// A channel.
    #[must_use]
    pub fn channel(config: &Config, channel: &channel::Channel) -> Self {
        Summary::channel(config, channel).into()
    }

    /// A server.
    #[must_use]
    pub fn server(id: u64, host: &str) -> Self {
        let (name, host) = (host.to_owned(), host.to_owned());
        let avatars = Vec::new();
        Self { id, display_name: host.clone(), name, host, avatars, avatar: None }
    }
}

/// A video and its channel.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NotificationVideo)]
pub struct NewsVideo {
    /// The video.
    #[serde(flatten)]
    pub video: Video,
    /// Where it was published.
    pub channel: Actor,
}

/// A comment in few words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationComment)]
pub struct NewsComment {
    /// Its number.
    pub id: u64,
    /// The comment that began the thread.
    pub thread_id: u64,
    /// Who wrote it.
    pub account: Actor,
    /// Its video.
    pub video: Video,
    /// True while it waits for an answer.
    pub held_for_review: bool,
    /// The beginning of its words, without markup.
    pub excerpt: String,
}

/// How much of a comment is shown, in characters.
const EXCERPT_CHARS: usize = 200;

impl NewsComment {
    /// A comment under a video.
    #[must_use]
    pub fn of(comment: &comment::Comment, account: Actor, video: Video) -> Self {
        Self {
            id: comment.id.raw(),
            thread_id: comment.thread.raw(),
            account,
            video,
            held_for_review: comment.state == CommentState::Held,
            excerpt: kinora_service::comments::words::preview(comment, EXCERPT_CHARS),
        }
    }
}

/// A number with its English word.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NotificationReportState)]
pub struct State {
    /// The number.
    pub id: u8,
    /// The word.
    pub label: &'static str,
}

/// A report in few words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NotificationAbuse)]
pub struct NewsReport {
    /// Its number.
    pub id: u64,
    /// Where it stands.
    pub state: State,
    /// The video that was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<Video>,
    /// The comment that was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<ReportedComment>,
    /// The account that was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Actor>,
}

impl NewsReport {
    /// A report with nothing reported yet.
    #[must_use]
    pub const fn of(report: &report::Report) -> Self {
        let label = match report.state {
            ReportState::Pending => "Pending",
            ReportState::Rejected => "Rejected",
            ReportState::Accepted => "Accepted",
        };
        let state = State { id: report.state.number(), label };
        Self { id: report.id.raw(), state, video: None, comment: None, account: None }
    }
}

/// A comment that was reported.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportedComment {
    /// The comment that began the thread.
    pub thread_id: u64,
    /// Its video.
    pub video: Video,
}

/// A follow in few words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NotificationFollow)]
pub struct NewsFollow {
    /// Its number.
    pub id: u64,
    /// Who follows.
    pub follower: Actor,
    /// `pending`, `accepted` or `rejected`.
    pub state: &'static str,
    /// Who is followed.
    pub following: Followed,
}

impl NewsFollow {
    /// A follow.
    #[must_use]
    pub const fn of(follow: &follow::Follow, follower: Actor, following: Followed) -> Self {
        let state = match follow.state {
            follow::FollowState::Pending => "pending",
            follow::FollowState::Accepted => "accepted",
            follow::FollowState::Rejected => "rejected",
        };
        Self { id: follow.id.raw(), follower, state, following }
    }
}

/// Who is followed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Followed {
    /// `account`, `channel` or `instance`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The part of the handle before the `@`.
    pub name: String,
    /// The name shown.
    pub display_name: String,
    /// The part of the handle after the `@`.
    pub host: String,
}

impl Followed {
    /// An actor of this kind.
    #[must_use]
    pub fn of(kind: &'static str, actor: Actor) -> Self {
        let Actor { name, display_name, host, .. } = actor;
        Self { kind, name, display_name, host }
    }
}
