//! Numbers that name things, one type for each kind of thing.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering as Memory};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::{Clock, Timestamp};

/// 2024-01-01T00:00:00Z, in milliseconds since the Unix epoch: ids count from here.
const EPOCH_MS: i64 = 1_704_067_200_000;

/// Bits below the millisecond, filled by a counter.
const COUNTER_BITS: u32 = 12;

/// The number of a `T`: 41 bits of milliseconds since 2024 and a 12-bit counter, so that ids sort
/// by time and stay below 2^53, which JSON readers in every language keep exact.
pub struct Id<T> {
    raw: u64,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// Wraps a number that was an id before: from a key, a path or another program.
    #[must_use]
    pub const fn from_raw(raw: u64) -> Self {
        Self { raw, of: PhantomData }
    }

    /// The number itself, below 2^53 for ids made here.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.raw
    }

    /// The number as eight big-endian bytes, which sort as the ids do.
    #[must_use]
    pub const fn to_key(self) -> [u8; 8] {
        self.raw.to_be_bytes()
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.raw.cmp(&other.raw)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw)
    }
}
impl<T> FromStr for Id<T> {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::from_raw)
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::from_raw)
    }
}

/// Makes ids that never repeat and always grow within one process; a `commit` that expects the key to
/// be absent settles the rest.
#[derive(Debug, Default)]
pub struct IdMint {
    last: AtomicU64,
}

impl IdMint {
    /// The next id: later than all before, even if the clock went back.
    pub fn next<T>(&self, clock: &dyn Clock) -> Id<T> {
        let ms = clock.now().as_ms().saturating_sub(EPOCH_MS).max(0).unsigned_abs();
        let wanted = ms << COUNTER_BITS;
        let step = |last: u64| Some(wanted.max(last.saturating_add(1)));
        let last = self.last.fetch_update(Memory::Relaxed, Memory::Relaxed, step);
        let last = match last {
            Ok(last) | Err(last) => last,
        };
        Id::from_raw(wanted.max(last.saturating_add(1)))
    }
}

/// When an id was made, to the millisecond.
#[must_use]
pub fn made_at<T>(id: Id<T>) -> Timestamp {
    let ms = i64::try_from(id.raw() >> COUNTER_BITS).unwrap_or(i64::MAX);
    Timestamp::from_ms(ms.saturating_add(EPOCH_MS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;

    struct Thing;

    #[test]
    fn ids_grow_even_when_the_clock_stands_still_or_goes_back() {
        let mint = IdMint::default();
        let clock = FixedClock::at(Timestamp::from_ms(EPOCH_MS + 5_000));
        let first: Id<Thing> = mint.next(&clock);
        let second: Id<Thing> = mint.next(&clock);
        clock.set(Timestamp::from_ms(EPOCH_MS));
        let third: Id<Thing> = mint.next(&clock);
        assert!(first < second && second < third);
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        let now = Timestamp::from_ms(EPOCH_MS + 77_000);
        let id: Id<Thing> = IdMint::default().next(&FixedClock::at(now));
        assert_eq!(made_at(id), now);
    }
}
