//! Traffic: which way the bytes of videos went, day by day.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::Id;
use crate::video::Video;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A day in UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(u32);

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(u32::try_from(at.as_ms().div_euclid(DAY_MS)).unwrap_or(0))
    }

    /// So many days earlier.
    #[must_use]
    pub const fn before(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// Four bytes, which sort as the days do.
    #[must_use]
    pub const fn to_key(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// When it begins.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        Timestamp::from_ms(i64::from(self.0).saturating_mul(DAY_MS))
    }
}

/// Which way bytes went. What players say is only as true as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Bytes of segments that this node sent, counted as it sent them.
    pub from_node: u64,
    /// Bytes that came from other viewers, as players say.
    pub from_peers: u64,
    /// Bytes that were given to other viewers, as players say.
    pub given: u64,
    /// How often players say that they stood still for want of bytes.
    pub stalls: u64,
}

impl Traffic {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            from_node: self.from_node.saturating_add(other.from_node),
            from_peers: self.from_peers.saturating_add(other.from_peers),
            given: self.given.saturating_add(other.given),
            stalls: self.stalls.saturating_add(other.stalls),
        }
    }
}

/// What the traffic is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Carried {
    /// All videos.
    All,
    /// One video.
    Video(Id<Video>),
}

/// The traffic of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficDay {
    /// Of what.
    pub carried: Carried,
    /// Which day.
    pub day: Day,
    /// How much.
    pub traffic: Traffic,
}
