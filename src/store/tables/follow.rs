//! How follows and shares are kept.

use kinora_model::actor::{ActorCounts, ActorRef};
use kinora_model::follow::Follow;
use kinora_model::id::Id;
use kinora_model::share::Share;
use kinora_model::video::Video;

use super::{
    ACTOR_COUNTS, FOLLOWS, FOLLOWS_BY_FOLLOWER, FOLLOWS_BY_ID, SHARES, SHARES_BY_ACTOR, entry,
    unique,
};
use crate::kv::Range;
use crate::table::{Entry, Row, Table};

/// The key of a follow within its table.
#[must_use]
pub fn follow_key(followed: ActorRef, follower: ActorRef) -> Vec<u8> {
    [followed.to_key(), follower.to_key()].concat()
}

/// Who follows an actor: rows of [`Follow`], in whatever state.
#[must_use]
pub fn follows_of(followed: ActorRef) -> Range {
    Range::prefix(&FOLLOWS.key(&[&followed.to_key()]))
}

/// Whom an actor follows: entries, in whatever state.
#[must_use]
pub fn follows_by(follower: ActorRef) -> Range {
    Range::prefix(&FOLLOWS_BY_FOLLOWER.key(&[&follower.to_key()]))
}

/// The entry that leads to a follow by its number.
#[must_use]
pub fn follow_by_id(id: Id<Follow>) -> Vec<u8> {
    FOLLOWS_BY_ID.key(&[&id.to_key()])
}

impl Row for Follow {
    const TABLE: Table = FOLLOWS;
    fn key(&self) -> Vec<u8> {
        follow_key(self.followed, self.follower)
    }
    fn entries(&self) -> Vec<Entry> {
        let key = Row::key(self);
        let by = FOLLOWS_BY_FOLLOWER.key(&[&self.follower.to_key(), &self.followed.to_key()]);
        vec![entry(by, &key), unique(follow_by_id(self.id), &key)]
    }
}

impl Row for ActorCounts {
    const TABLE: Table = ACTOR_COUNTS;
    fn key(&self) -> Vec<u8> {
        self.actor.to_key().to_vec()
    }
}

/// The key of a share within its table.
#[must_use]
pub fn share_key(video: Id<Video>, actor: ActorRef) -> Vec<u8> {
    [video.to_key().as_slice(), &actor.to_key()].concat()
}

/// The shares of a video: rows of [`Share`].
#[must_use]
pub fn shares_of(video: Id<Video>) -> Range {
    Range::prefix(&SHARES.key(&[&video.to_key()]))
}

/// What an actor shared: entries.
#[must_use]
pub fn shares_by(actor: ActorRef) -> Range {
    Range::prefix(&SHARES_BY_ACTOR.key(&[&actor.to_key()]))
}

impl Row for Share {
    const TABLE: Table = SHARES;
    fn key(&self) -> Vec<u8> {
        share_key(self.video, self.actor)
    }
    fn entries(&self) -> Vec<Entry> {
        let by = SHARES_BY_ACTOR.key(&[&self.actor.to_key(), &self.video.to_key()]);
        vec![entry(by, &Row::key(self))]
    }
}
