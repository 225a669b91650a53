//! What each noun is kept as: key, entries, version. One place that hands out the tables' bytes.

use bytes::Bytes;

use kinora_model::account::{Account, AccountV1};
use kinora_model::caption::Caption;
use kinora_model::channel::{Channel, Handle};
use kinora_model::id::Id;
use kinora_model::name::Name;
use kinora_model::picture::BlobName;
use kinora_model::reaction::Reaction;
use kinora_model::registration::{Answer, Registration};
use kinora_model::rendition::{Rendition, Segment};
use kinora_model::session::{Session, TokenHash};
use kinora_model::upload::Upload;
use kinora_model::user::User;
use kinora_model::video::{Counts, UploadV1, Video, VideoV2};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::{self, CodecError};
use crate::kv::Range;
use crate::table::{Entry, Row, Table};

pub mod comment;
pub mod delivery;
pub mod follow;
pub(crate) mod job;
pub mod mirror;
pub mod remote;
pub mod traffic;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $byte:literal;)*) => {
        $($(#[$doc])* pub const $name: Table = Table { byte: $byte, name: stringify!($name) };)*
        /// All tables, by byte.
        pub const ALL: &[Table] = &[$($name),*];
    };
}

tables! {
    /// Facts of the node itself, by word.
    SETTINGS = 0x01;
    /// Users by id.
    USERS = 0x02;
    /// User ids by e-mail.
    USERS_BY_EMAIL = 0x03;
    /// Accounts by id.
    ACCOUNTS = 0x04;
    /// Channels by id.
    CHANNELS = 0x05;
    /// Channel ids by account.
    CHANNELS_BY_ACCOUNT = 0x06;
    /// Who holds a name: accounts, channels and pending registrations share it.
    NAMES = 0x07;
    /// Sessions by id.
    SESSIONS = 0x08;
    /// Session ids by hash of the access token.
    SESSIONS_BY_ACCESS = 0x09;
    /// Session ids by hash of the refresh token.
    SESSIONS_BY_REFRESH = 0x0a;
    /// Session ids by user.
    SESSIONS_BY_USER = 0x0b;
    /// Registrations by id.
    REGISTRATIONS = 0x0c;
    /// Uploads by id.
    UPLOADS = 0x0d;
    /// Upload ids by token.
    UPLOADS_BY_TOKEN = 0x0e;
    /// Upload ids by user.
    UPLOADS_BY_USER = 0x0f;
    /// Videos by id.
    VIDEOS = 0x10;
    /// Video ids by uuid.
    VIDEOS_BY_UUID = 0x11;
    /// Video ids by channel.
    VIDEOS_BY_CHANNEL = 0x12;
    /// Video ids by account.
    VIDEOS_BY_ACCOUNT = 0x13;
    /// What is counted, by video.
    COUNTS = 0x14;
    /// Renditions by video and id.
    RENDITIONS = 0x15;
    /// Rendition keys by id alone.
    RENDITIONS_BY_ID = 0x16;
    /// Segments by rendition and place.
    SEGMENTS = 0x17;
    /// Who refers to a blob: by blob and owner.
    BLOB_OWNERS = 0x18;
    /// Captions by video and language.
    CAPTIONS = 0x19;
    /// Ratings by video and account.
    REACTIONS = 0x1a;
    /// Rating keys by account.
    REACTIONS_BY_ACCOUNT = 0x1b;
    /// Video ids by the ActivityPub id of those that live elsewhere.
    VIDEOS_BY_URI = 0x1c;
    /// Events, numbered.
    JOURNAL = 0x20;
    /// How far each follower of the journal has read.
    CURSORS = 0x21;
    /// Jobs by id.
    JOBS = 0x22;
    /// Job ids by lane and time of the next try.
    JOBS_DUE = 0x23;
    /// Job ids that were given up.
    JOBS_BURIED = 0x24;
    /// Job ids by the video that they make something for.
    JOBS_BY_VIDEO = 0x25;
    /// Private keys of our actors, by actor.
    ACTOR_KEYS = 0x30;
    /// Actors elsewhere, by hash of their ActivityPub id.
    REMOTE_ACTORS = 0x31;
    /// Their keys by what they are here.
    REMOTE_ACTORS_BY_REF = 0x32;
    /// Their keys by handle.
    REMOTE_ACTORS_BY_HANDLE = 0x33;
    /// Their keys by hash of the id of a public key.
    REMOTE_ACTORS_BY_KEY = 0x34;
    /// Servers by host.
    INSTANCES = 0x35;
    /// Hosts by number of the server.
    INSTANCES_BY_ID = 0x36;
    /// Rules by domain.
    DOMAIN_RULES = 0x37;
    /// Comments by id.
    COMMENTS = 0x38;
    /// Comment ids by video.
    COMMENTS_BY_VIDEO = 0x39;
    /// Ids of comments that begin a thread, by video.
    THREADS_BY_VIDEO = 0x3a;
    /// Ids of replies by thread.
    COMMENTS_BY_THREAD = 0x3b;
    /// Comment ids by account.
    COMMENTS_BY_ACCOUNT = 0x3c;
    /// Comment ids by hash of their ActivityPub id.
    COMMENTS_BY_URI = 0x3d;
    /// Ids of held comments, by video.
    COMMENTS_HELD = 0x3e;
    /// Follows by followed and follower.
    FOLLOWS = 0x40;
    /// Follow keys by follower and followed.
    FOLLOWS_BY_FOLLOWER = 0x41;
    /// Follow keys by id.
    FOLLOWS_BY_ID = 0x42;
    /// Shares by video and actor.
    SHARES = 0x43;
    /// Share keys by actor.
    SHARES_BY_ACTOR = 0x44;
    /// Notifications by user and id.
    NOTIFICATIONS = 0x45;
    /// Keys of unread notifications, by user.
    NOTIFICATIONS_UNREAD = 0x46;
    /// Reports by id.
    REPORTS = 0x47;
    /// Activities on their way out, by id.
    OUTGOING = 0x48;
    /// Deliveries by host and number.
    DELIVERIES = 0x49;
    /// Servers that deliveries do not reach, by host.
    HOST_TROUBLES = 0x4a;
    /// Activities that came in, by hash of their ActivityPub id.
    RECEIVED = 0x4b;
    /// Objects that were deleted elsewhere, by hash of their ActivityPub id.
    GRAVES = 0x4c;
    /// How many follow each actor, by actor.
    ACTOR_COUNTS = 0x4d;
    /// What users do not want to be told of, by user.
    NOTIFICATIONS_UNWANTED = 0x4e;
    /// What was said about a report, by report and id.
    REPORT_MESSAGES = 0x4f;
    /// Copies of our videos on other servers, by video and host.
    MIRRORS = 0x50;
    /// Their keys by hash of the id of the `CacheFile`.
    MIRRORS_BY_URI = 0x51;
    /// Agreements about copies, by host.
    PACTS = 0x52;
    /// Copies of videos elsewhere that this node keeps, by video.
    REPLICAS = 0x53;
    /// Their keys by host.
    REPLICAS_BY_HOST = 0x54;
    /// Which way bytes went, by video and day.
    TRAFFIC = 0x55;
}

fn entry(key: Vec<u8>, row_key: &[u8]) -> Entry {
    Entry { key, value: Bytes::copy_from_slice(row_key), unique: false }
}

fn unique(key: Vec<u8>, row_key: &[u8]) -> Entry {
    Entry { unique: true, ..entry(key, row_key) }
}

/// Where the holder of a name is written; its value is a [`NameHolder`].
#[must_use]
pub fn name_key(name: &str) -> Vec<u8> {
    NAMES.key(&[name.as_bytes()])
}

/// Who holds a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameHolder {
    /// The name.
    pub name: Name,
    /// Its holder; `None` while a registration waits for an answer.
    pub handle: Option<Handle>,
}

impl Row for NameHolder {
    const TABLE: Table = NAMES;
    fn key(&self) -> Vec<u8> {
        self.name.as_str().as_bytes().to_vec()
    }
}

/// The entry that leads to a user by e-mail (lower case).
#[must_use]
pub fn user_by_email(email: &str) -> Vec<u8> {
    USERS_BY_EMAIL.key(&[email.as_bytes()])
}

impl Row for User {
    const TABLE: Table = USERS;
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        vec![unique(user_by_email(&self.email), &self.id.to_key())]
    }
}

impl Row for Account {
    const TABLE: Table = ACCOUNTS;
    const VERSION: u8 = 2;
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
    fn upgrade(version: u8, rest: &[u8]) -> Result<Self, CodecError> {
        match version {
            1 => codec::decode::<AccountV1>(rest).map(Self::from),
            _ => Err(codec::unknown(version)),
        }
    }
}

/// The channels of an account, oldest first.
#[must_use]
pub fn channels_by_account(account: Id<Account>) -> Range {
    Range::prefix(&CHANNELS_BY_ACCOUNT.key(&[&account.to_key()]))
}

impl Row for Channel {
    const TABLE: Table = CHANNELS;
    const VERSION: u8 = 3;
    fn upgrade(version: u8, rest: &[u8]) -> Result<Self, CodecError> {
        match version {
            1 | 2 => codec::decode_shorter(rest),
            _ => Err(codec::unknown(version)),
        }
    }
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        let id = self.id.to_key();
        vec![entry(CHANNELS_BY_ACCOUNT.key(&[&self.account.to_key(), &id]), &id)]
    }
}

/// The entry that leads to a session by the hash of its access token.
#[must_use]
pub fn session_by_access(hash: &TokenHash) -> Vec<u8> {
    SESSIONS_BY_ACCESS.key(&[hash])
}

/// The entry that leads to a session by the hash of its refresh token.
#[must_use]
pub fn session_by_refresh(hash: &TokenHash) -> Vec<u8> {
    SESSIONS_BY_REFRESH.key(&[hash])
}

/// The sessions of a user.
#[must_use]
pub fn sessions_by_user(user: Id<User>) -> Range {
    Range::prefix(&SESSIONS_BY_USER.key(&[&user.to_key()]))
}

impl Row for Session {
    const TABLE: Table = SESSIONS;
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        let id = self.id.to_key();
        vec![
            unique(session_by_access(&self.access), &id),
            unique(session_by_refresh(&self.refresh), &id),
            entry(SESSIONS_BY_USER.key(&[&self.user.to_key(), &id]), &id),
        ]
    }
}

impl Row for Registration {
    const TABLE: Table = REGISTRATIONS;
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        // A pending request holds its e-mail as a user would, so that two people cannot ask with one address.
        match self.answer {
            Answer::Pending => vec![unique(user_by_email(&self.email), &[])],
            Answer::Accepted { .. } | Answer::Rejected { .. } => Vec::new(),
        }
    }
}

/// The entry that leads to an upload by its token.
#[must_use]
pub fn upload_by_token(token: &str) -> Vec<u8> {
    UPLOADS_BY_TOKEN.key(&[token.as_bytes()])
}

/// The uploads of a user.
#[must_use]
pub fn uploads_by_user(user: Id<User>) -> Range {
    Range::prefix(&UPLOADS_BY_USER.key(&[&user.to_key()]))
}

impl Row for Upload {
    const TABLE: Table = UPLOADS;
    const VERSION: u8 = 2;
    fn upgrade(version: u8, rest: &[u8]) -> Result<Self, CodecError> {
        match version {
            1 => codec::decode::<UploadV1>(rest).map(Self::from),
            _ => Err(codec::unknown(version)),
        }
    }
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        let id = self.id.to_key();
        vec![
            unique(upload_by_token(&self.token), &id),
            entry(UPLOADS_BY_USER.key(&[&self.user.to_key(), &id]), &id),
        ]
    }
}

/// The entry that leads to a video by uuid.
#[must_use]
pub fn video_by_uuid(uuid: Uuid) -> Vec<u8> {
    VIDEOS_BY_UUID.key(&[uuid.as_bytes()])
}

/// The entry that leads to a video that lives elsewhere, by its ActivityPub id.
#[must_use]
pub fn video_by_uri(uri: &url::Url) -> Vec<u8> {
    VIDEOS_BY_URI.key(&[&remote::digest(uri)])
}

/// The videos of a channel, oldest first, in whatever state and privacy.
#[must_use]
pub fn videos_by_channel(channel: Id<Channel>) -> Range {
    Range::prefix(&VIDEOS_BY_CHANNEL.key(&[&channel.to_key()]))
}

/// The videos of an account, oldest first, in whatever state and privacy.
#[must_use]
pub fn videos_by_account(account: Id<Account>) -> Range {
    Range::prefix(&VIDEOS_BY_ACCOUNT.key(&[&account.to_key()]))
}

impl Row for Video {
    const TABLE: Table = VIDEOS;
    const VERSION: u8 = 3;
    fn upgrade(version: u8, rest: &[u8]) -> Result<Self, CodecError> {
        match version {
            1 | 2 => codec::decode_shorter::<VideoV2>(rest).map(Self::from),
            _ => Err(codec::unknown(version)),
        }
    }
    fn key(&self) -> Vec<u8> {
        self.id.to_key().to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        let id = self.id.to_key();
        let by_uri = self.remote.as_ref().map(|remote| unique(video_by_uri(&remote.uri), &id));
        let mut entries = vec![
            unique(video_by_uuid(self.uuid), &id),
            entry(VIDEOS_BY_CHANNEL.key(&[&self.channel.to_key(), &id]), &id),
            entry(VIDEOS_BY_ACCOUNT.key(&[&self.account.to_key(), &id]), &id),
        ];
        entries.extend(by_uri);
        entries
    }
}

/// The counts of a video as a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoCounts {
    /// Which video.
    pub video: Id<Video>,
    /// Its counts.
    pub counts: Counts,
}

impl Row for VideoCounts {
    const TABLE: Table = COUNTS;
    const VERSION: u8 = 2;
    fn upgrade(version: u8, rest: &[u8]) -> Result<Self, CodecError> {
        match version {
            1 => codec::decode_shorter(rest),
            _ => Err(codec::unknown(version)),
        }
    }
    fn key(&self) -> Vec<u8> {
        self.video.to_key().to_vec()
    }
}

/// The entry that leads to a rendition by its id alone.
#[must_use]
pub fn rendition_by_id(id: Id<Rendition>) -> Vec<u8> {
    RENDITIONS_BY_ID.key(&[&id.to_key()])
}

impl Row for Rendition {
    const TABLE: Table = RENDITIONS;
    fn key(&self) -> Vec<u8> {
        [self.video.to_key(), self.id.to_key()].concat()
    }
    fn entries(&self) -> Vec<Entry> {
        vec![unique(rendition_by_id(self.id), &Row::key(self))]
    }
}

impl Row for Segment {
    const TABLE: Table = SEGMENTS;
    fn key(&self) -> Vec<u8> {
        [self.rendition.to_key().as_slice(), &self.index.to_be_bytes()].concat()
    }
}

/// Who refers to a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// A video: its segments, pictures, storyboard, captions, torrents.
    Video(Id<Video>),
    /// An account: its avatars.
    Account(Id<Account>),
    /// A channel: its avatars and banners.
    Channel(Id<Channel>),
}

impl Owner {
    fn to_key(self) -> [u8; 9] {
        let (kind, id) = match self {
            Self::Video(id) => (1, id.to_key()),
            Self::Account(id) => (2, id.to_key()),
            Self::Channel(id) => (3, id.to_key()),
        };
        let mut key = [kind; 9];
        if let Some(tail) = key.get_mut(1..) {
            tail.copy_from_slice(&id);
        }
        key
    }
}

/// Says that an owner refers to a blob, however often. A blob is deleted with its last owner; a private video's
/// blob is served only where its video is an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobOwner {
    /// The blob.
    pub blob: BlobName,
    /// Who refers to it.
    pub owner: Owner,
}

/// The key of a blob's owner within its table.
#[must_use]
pub fn blob_owner_key(blob: &BlobName, owner: Owner) -> Vec<u8> {
    [blob.digest().as_slice(), &owner.to_key()].concat()
}

impl Row for BlobOwner {
    const TABLE: Table = BLOB_OWNERS;
    fn key(&self) -> Vec<u8> {
        blob_owner_key(&self.blob, self.owner)
    }
}

/// The key of a caption within its table.
#[must_use]
pub fn caption_key(video: Id<Video>, language: &str) -> Vec<u8> {
    [video.to_key().as_slice(), language.as_bytes()].concat()
}

impl Row for Caption {
    const TABLE: Table = CAPTIONS;
    fn key(&self) -> Vec<u8> {
        caption_key(self.video, &self.language)
    }
}

/// The key of a rating within its table.
#[must_use]
pub fn reaction_key(video: Id<Video>, account: Id<Account>) -> Vec<u8> {
    [video.to_key(), account.to_key()].concat()
}

impl Row for Reaction {
    const TABLE: Table = REACTIONS;
    fn key(&self) -> Vec<u8> {
        reaction_key(self.video, self.account)
    }
    fn entries(&self) -> Vec<Entry> {
        let key = REACTIONS_BY_ACCOUNT.key(&[&self.account.to_key(), &self.video.to_key()]);
        vec![entry(key, &Row::key(self))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tables_share_a_byte() {
        let mut bytes: Vec<_> = ALL.iter().map(|table| table.byte).collect();
        bytes.sort_unstable();
        bytes.dedup();
        assert_eq!(bytes.len(), ALL.len());
    }
}
