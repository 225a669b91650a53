//! How copies of videos are kept in mind: those of ours elsewhere, those of others here.

use kinora_model::host::Host;
use kinora_model::id::Id;
use kinora_model::mirror::{Mirror, Pact, Replica};
use kinora_model::video::Video;
use url::Url;

use super::remote::digest;
use super::{MIRRORS, MIRRORS_BY_URI, PACTS, REPLICAS, REPLICAS_BY_HOST, entry, unique};
use crate::kv::Range;
use crate::table::{Entry, Row, Table};

/// The key of what a server keeps of a video.
#[must_use]
pub fn mirror_key(video: Id<Video>, host: &Host) -> Vec<u8> {
    [video.to_key().as_slice(), host.as_str().as_bytes()].concat()
}

/// The mirrors of a video: rows of [`Mirror`].
#[must_use]
pub fn mirrors_of(video: Id<Video>) -> Range {
    Range::prefix(&MIRRORS.key(&[&video.to_key()]))
}

/// The entry that leads to a mirror by the id of its `CacheFile`.
#[must_use]
pub fn mirror_by_uri(uri: &Url) -> Vec<u8> {
    MIRRORS_BY_URI.key(&[&digest(uri)])
}

impl Row for Mirror {
    const TABLE: Table = MIRRORS;
    fn key(&self) -> Vec<u8> {
        mirror_key(self.video, &self.host)
    }
    fn entries(&self) -> Vec<Entry> {
        vec![unique(mirror_by_uri(&self.uri), &Row::key(self))]
    }
}

impl Row for Pact {
    const TABLE: Table = PACTS;
    fn key(&self) -> Vec<u8> {
        self.host.as_str().as_bytes().to_vec()
    }
}

/// The copies that this node keeps of a server's videos: entries.
#[must_use]
pub fn replicas_of(host: &Host) -> Range {
    // No host is the beginning of another one and a zero.
    Range::prefix(&REPLICAS_BY_HOST.key(&[host.as_str().as_bytes(), &[0]]))
}

impl Row for Replica {
    const TABLE: Table = REPLICAS;
    fn key(&self) -> Vec<u8> {
        self.video.to_key().to_vec()
    }
    fn entries(&self) -> Vec<Entry> {
        let key = self.video.to_key();
        let by = REPLICAS_BY_HOST.key(&[self.host.as_str().as_bytes(), &[0], &key]);
        vec![entry(by, &key)]
    }
}
