//! Shapes that rows had in earlier versions.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    CommentsPolicy, Failure, Footage, Privacy, RemoteVideo, Source, Storyboard, Thumbnail, Video,
    VideoState, VideoWords,
};
use crate::account::Account;
use crate::channel::Channel;
use crate::clock::Timestamp;
use crate::id::Id;
use crate::text::{Description, Support, Tag, Title};
use crate::upload::Upload;
use crate::user::User;

/// [`VideoWords`] before it said whether viewers may help each other.
#[derive(Serialize, Deserialize)]
struct WordsV1 {
    title: Title,
    description: Option<Description>,
    support: Option<Support>,
    tags: Vec<Tag>,
    category: Option<u8>,
    licence: Option<u8>,
    language: Option<String>,
    privacy: Privacy,
    sensitive: bool,
    sensitive_flags: u32,
    sensitive_summary: Option<Support>,
    comments: CommentsPolicy,
    download: bool,
    originally_published_at: Option<Timestamp>,
    wait_transcoding: bool,
}

impl From<WordsV1> for VideoWords {
    fn from(old: WordsV1) -> Self {
        Self {
            title: old.title,
            description: old.description,
            support: old.support,
            tags: old.tags,
            category: old.category,
            licence: old.licence,
            language: old.language,
            privacy: old.privacy,
            sensitive: old.sensitive,
            sensitive_flags: old.sensitive_flags,
            sensitive_summary: old.sensitive_summary,
            comments: old.comments,
            download: old.download,
            originally_published_at: old.originally_published_at,
            wait_transcoding: old.wait_transcoding,
            peers: true,
        }
    }
}

/// [`Video`] with those words.
#[derive(Serialize, Deserialize)]
pub struct VideoV2 {
    id: Id<Video>,
    uuid: Uuid,
    channel: Id<Channel>,
    account: Id<Account>,
    words: WordsV1,
    state: VideoState,
    failure: Option<Failure>,
    source: Source,
    footage: Option<Footage>,
    thumbnail: Option<Thumbnail>,
    thumbnail_chosen: bool,
    candidates: Vec<Thumbnail>,
    storyboard: Option<Storyboard>,
    created_at: Timestamp,
    updated_at: Timestamp,
    published_at: Option<Timestamp>,
    remote: Option<RemoteVideo>,
}

impl From<VideoV2> for Video {
    fn from(old: VideoV2) -> Self {
        Self {
            id: old.id,
            uuid: old.uuid,
            channel: old.channel,
            account: old.account,
            words: old.words.into(),
            state: old.state,
            failure: old.failure,
            source: old.source,
            footage: old.footage,
            thumbnail: old.thumbnail,
            thumbnail_chosen: old.thumbnail_chosen,
            candidates: old.candidates,
            storyboard: old.storyboard,
            created_at: old.created_at,
            updated_at: old.updated_at,
            published_at: old.published_at,
            remote: old.remote,
        }
    }
}

/// [`Upload`] with those words.
#[derive(Serialize, Deserialize)]
pub struct UploadV1 {
    id: Id<Upload>,
    token: String,
    user: Id<User>,
    channel: Id<Channel>,
    filename: String,
    bytes: u64,
    received_bytes: u64,
    words: WordsV1,
    done: Option<Id<Video>>,
    created_at: Timestamp,
    touched_at: Timestamp,
}

impl From<UploadV1> for Upload {
    fn from(old: UploadV1) -> Self {
        Self {
            id: old.id,
            token: old.token,
            user: old.user,
            channel: old.channel,
            filename: old.filename,
            bytes: old.bytes,
            received_bytes: old.received_bytes,
            words: old.words.into(),
            done: old.done,
            created_at: old.created_at,
            touched_at: old.touched_at,
        }
    }
}
