//! Comments.

use kinora_model::comment::{self, CommentState};
use kinora_model::video;
use kinora_service::comments::{Seen, Tree};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::actor;
use crate::config::Config;

/// A comment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoComment)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Where it lives.
    pub url: String,
    /// The words: markdown, or HTML of another server. Empty once they are gone.
    pub text: String,
    /// The words as HTML that is safe to show.
    pub html: String,
    /// The comment that began the thread.
    pub thread_id: u64,
    /// What it replies to.
    pub in_reply_to_comment_id: Option<u64>,
    /// Under which video.
    pub video_id: u64,
    /// When it was written.
    pub created_at: String,
    /// When its words last changed.
    pub updated_at: String,
    /// When its words went.
    pub deleted_at: Option<String>,
    /// True while it waits for an answer of the owner of the video.
    pub held_for_review: bool,
    /// True once its words are gone.
    pub is_deleted: bool,
    /// True for comments written here.
    pub is_local: bool,
    /// How many of the replies the owner of the video wrote.
    pub total_replies_from_video_author: u64,
    /// How many replies there are below it.
    pub total_replies: u64,
    /// Who wrote it; `null` once its words are gone.
    pub account: Option<actor::Account>,
}

impl Comment {
    /// A comment under the video with this public name.
    #[must_use]
    pub fn of(config: &Config, video: Uuid, seen: &Seen) -> Self {
        let comment = &seen.comment;
        let deleted_at = match comment.state {
            CommentState::Deleted { at } => Some(at.to_string()),
            CommentState::Shown | CommentState::Held => None,
        };
        Self {
            id: comment.id.raw(),
            url: url(config, video, comment),
            text: comment.text.clone(),
            html: seen.html.clone(),
            thread_id: comment.thread.raw(),
            in_reply_to_comment_id: comment.parent.map(kinora_model::id::Id::raw),
            video_id: comment.video.raw(),
            created_at: comment.created_at.to_string(),
            updated_at: comment.updated_at.to_string(),
            is_deleted: deleted_at.is_some(),
            deleted_at,
            held_for_review: comment.state == CommentState::Held,
            is_local: comment.uri.is_none(),
            total_replies_from_video_author: seen.replies_of_owner,
            total_replies: seen.replies,
            account: seen.account.as_ref().map(|account| actor::Account::of(config, account)),
        }
    }
}

fn url(config: &Config, video: Uuid, comment: &comment::Comment) -> String {
    let elsewhere = comment.url.as_ref().or(comment.uri.as_ref());
    let ours = || config.url(&format!("/videos/watch/{video}/comments/{}", comment.id));
    elsewhere.map_or_else(ours, ToString::to_string)
}

/// A page of threads.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CommentThreads)]
pub struct Threads {
    /// How many threads there are.
    pub total: usize,
    /// How many comments there are whose words are not gone, replies included.
    pub total_not_deleted_comments: usize,
    /// The comments that begin the threads of the page.
    pub data: Vec<Comment>,
}

/// A comment with the replies to it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CommentTree)]
pub struct Branch {
    /// The comment.
    pub comment: Comment,
    /// The replies, oldest first.
    #[schema(no_recursion)]
    pub children: Vec<Self>,
}

impl Branch {
    /// A thread, or a part of one; no deeper than threads are.
    #[must_use]
    pub fn of(config: &Config, video: Uuid, tree: &Tree) -> Self {
        Self {
            comment: Comment::of(config, video, &tree.seen),
            children: tree.children.iter().map(|child| Self::of(config, video, child)).collect(),
        }
    }
}

/// A comment that was just written.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CommentMade)]
pub struct Made {
    /// The comment.
    pub comment: Comment,
}

/// A comment with its video, for those who look after many.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VideoCommentForOwnerOrAdmin)]
pub struct OfVideo {
    /// The comment.
    #[serde(flatten)]
    pub comment: Comment,
    /// Its video.
    pub video: Video,
    /// Always none.
    pub automatic_tags: Vec<String>,
}

/// The video of a comment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VideoOfComment)]
pub struct Video {
    /// Its number.
    pub id: u64,
    /// Its public name.
    pub uuid: String,
    /// The same in 22 characters.
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
    /// The title.
    pub name: String,
}

impl Video {
    /// A video in few words.
    #[must_use]
    pub fn of(video: &video::Video) -> Self {
        Self {
            id: video.id.raw(),
            uuid: video.uuid.to_string(),
            short_uuid: video::short_uuid(video.uuid),
            name: video.words.title.to_string(),
        }
    }
}

impl OfVideo {
    /// A comment and its video.
    #[must_use]
    pub fn of(config: &Config, seen: &Seen, video: &video::Video) -> Self {
        Self {
            comment: Comment::of(config, video.uuid, seen),
            video: Video::of(video),
            automatic_tags: Vec::new(),
        }
    }
}
