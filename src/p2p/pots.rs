//! Rates by network address: addresses share 65,536 pots by a hash that differs from run to run, so that memory is bounded
//! and nobody chooses theirs.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::address::host_of;

/// How often each network address does something.
#[derive(Debug)]
pub(crate) struct Pots {
    taken: DefaultKeyedRateLimiter<u16>,
    hasher: RandomState,
}

impl Pots {
    /// Each address may do it so often.
    pub(crate) fn new(each: Quota) -> Self {
        Self { taken: RateLimiter::keyed(each), hasher: RandomState::new() }
    }

    /// False if this address did it too often lately; it counts if it did not.
    pub(crate) fn take(&self, address: IpAddr) -> bool {
        let pot = self.hasher.hash_one(host_of(address)) >> 48;
        self.taken.check_key(&u16::try_from(pot).unwrap_or(0)).is_ok()
    }
}
