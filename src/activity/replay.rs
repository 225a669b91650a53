//! Signatures that were seen: none is taken twice.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// How long a signature is remembered at least, in seconds: as long as it would be taken.
pub const REMEMBERED_S: i64 = 13 * 60 * 60;

/// Signatures that are remembered per half of the memory.
pub const HALF_MAX: usize = 200_000;

/// Remembers signatures in two halves: when one is full or old the other is forgotten.
#[derive(Debug, Default)]
pub struct ReplayCache(Mutex<Halves>);

#[derive(Debug, Default)]
struct Halves {
    new: HashSet<[u8; 32]>,
    old: HashSet<[u8; 32]>,
    since: i64,
}

impl ReplayCache {
    /// True for a signature that was not seen before; from now on it was. `now` is in seconds since 1970.
    pub fn is_new(&self, fingerprint: [u8; 32], now: i64) -> bool {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if halves.new.len() >= HALF_MAX || now.saturating_sub(halves.since) > REMEMBERED_S {
            halves.old = std::mem::take(&mut halves.new);
            halves.since = now;
        }
        !halves.old.contains(&fingerprint) && halves.new.insert(fingerprint)
    }

    /// Forgets a signature: what it came with could not be kept, and may come again.
    pub fn forget(&self, fingerprint: &[u8; 32]) {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        halves.new.remove(fingerprint);
        halves.old.remove(fingerprint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_new_once_for_as_long_as_it_is_taken() {
        let cache = ReplayCache::default();
        assert!(cache.is_new([1; 32], 0));
        assert!(!cache.is_new([1; 32], 5));
        assert!(cache.is_new([2; 32], REMEMBERED_S + 1));
        assert!(!cache.is_new([1; 32], REMEMBERED_S + 2), "it is in the old half");
        assert!(!cache.is_new([2; 32], 2 * REMEMBERED_S));
        cache.forget(&[2; 32]);
        assert!(cache.is_new([2; 32], 2 * REMEMBERED_S));
    }
}
