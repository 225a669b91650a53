//! An instance: a fediverse server, ours or another.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::host::Host;
use crate::id::Id;

/// A server that this node has heard of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its number.
    pub id: Id<Instance>,
    /// Where it lives.
    pub host: Host,
    /// The name of its software as its NodeInfo has it (`mastodon`, `lemmy`), lower case. It may lie.
    pub software: Option<String>,
    /// The version of that.
    pub software_version: Option<String>,
    /// When its NodeInfo was last asked for.
    pub asked_at: Option<Timestamp>,
    /// When it was first heard of.
    pub created_at: Timestamp,
}

impl Instance {
    /// The number of our own server, which has no row.
    pub const HERE: Id<Self> = Id::from_raw(0);
}

/// What may come from a domain and go to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DomainLevel {
    /// Everything, even where a wider rule says less.
    Allow,
    /// Its words and videos are seen by those who follow them, not in lists; strangers from there notify nobody.
    Silence,
    /// Words, but no pictures and no videos.
    RejectMedia,
    /// Nothing, in neither direction.
    Block,
}

/// A rule for a domain and all below it; the longest that fits counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainRule {
    /// The domain in lower case and ASCII, without port.
    pub domain: String,
    /// What is allowed.
    pub level: DomainLevel,
    /// Why, for those who run this node.
    pub reason: Option<String>,
    /// When it was made or last changed.
    pub updated_at: Timestamp,
}
