//! In which order videos are listed.

use std::cmp::Ordering;

use super::index::Entry;

/// By what videos are put in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// When they could first be watched.
    #[default]
    Published,
    /// When the upload ended.
    Created,
    /// When they first appeared anywhere.
    Original,
    /// By title, letters folded.
    Name,
    /// By length.
    Duration,
    /// By times watched.
    Views,
    /// By likes.
    Likes,
    /// By comments.
    Comments,
    /// By times watched, newer ones first among equals: every factor of ten outweighs half a day.
    Trending,
    /// By likes, likewise.
    Hot,
    /// By times watched, likes and comments together, likewise.
    Best,
}

/// What a factor of ten is worth, in milliseconds: 12.5 hours.
const DECADE_MS: f64 = 45_000_000.0;

impl Order {
    /// All orders that the index keeps.
    pub(super) const ALL: [Self; 11] = [
        Self::Published,
        Self::Created,
        Self::Original,
        Self::Name,
        Self::Duration,
        Self::Views,
        Self::Likes,
        Self::Comments,
        Self::Trending,
        Self::Hot,
        Self::Best,
    ];

    /// The order of a word of PeerTube's `sort`, without the `-`.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "publishedAt" => Self::Published,
            "createdAt" | "updatedAt" | "id" => Self::Created,
            "originallyPublishedAt" => Self::Original,
            "name" => Self::Name,
            "duration" => Self::Duration,
            "views" => Self::Views,
            "likes" => Self::Likes,
            "comments" => Self::Comments,
            "trending" => Self::Trending,
            "hot" => Self::Hot,
            "best" | "match" => Self::Best,
            _ => return None,
        })
    }

    /// Which of two videos comes first, upwards; equal ones by id, so that pages never overlap.
    pub(super) fn compare(self, one: &Entry, other: &Entry) -> Ordering {
        let by = match self {
            Self::Published => one.published_ms.cmp(&other.published_ms),
            Self::Created => one.id.cmp(&other.id),
            Self::Original => one.original_ms.cmp(&other.original_ms),
            Self::Name => one.name.cmp(&other.name),
            Self::Duration => one.duration_ms.cmp(&other.duration_ms),
            Self::Views => one.views.cmp(&other.views),
            Self::Likes => one.likes.cmp(&other.likes),
            Self::Comments => one.comments.cmp(&other.comments),
            Self::Trending => score(one, one.views).total_cmp(&score(other, other.views)),
            Self::Hot => score(one, one.likes.into()).total_cmp(&score(other, other.likes.into())),
            Self::Best => score(one, esteem(one)).total_cmp(&score(other, esteem(other))),
        };
        by.then(one.id.cmp(&other.id))
    }
}

/// A like or a comment says as much as fifty views.
fn esteem(entry: &Entry) -> u64 {
    let said = u64::from(entry.likes).saturating_add(entry.comments.into());
    entry.views.saturating_add(said.saturating_mul(50))
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a score may be off by less than it means"
)]
fn score(entry: &Entry, count: u64) -> f64 {
    (count.saturating_add(1) as f64).log10().mul_add(DECADE_MS, entry.published_ms as f64)
}
