//! How often a network address may try what is costly or can be guessed: logging in, registering, beginning uploads.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::Error;

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A password is tried.
    LogIn,
    /// An account is asked for.
    Register,
    /// Another server is to be asked.
    AskElsewhere,
    /// An upload begins.
    Upload,
}

/// How often an address may try. Addresses fall into 65,536 pots by a hash that differs from run to run, so that
/// memory stays bounded however many ask, and nobody can choose whose pot they share.
#[derive(Debug)]
pub struct Limits {
    hasher: RandomState,
    log_in: DefaultKeyedRateLimiter<u16>,
    register: DefaultKeyedRateLimiter<u16>,
    ask_elsewhere: DefaultKeyedRateLimiter<u16>,
    upload: DefaultKeyedRateLimiter<u16>,
    clock: DefaultClock,
}

impl Limits {
    /// Limits that allow each address so many tries of each action in a minute, all at once or one by one.
    #[must_use]
    pub fn new(tries_per_minute: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(tries_per_minute).unwrap_or(NonZeroU32::MIN));
        Self {
            hasher: RandomState::new(),
            log_in: RateLimiter::keyed(quota),
            register: RateLimiter::keyed(quota),
            ask_elsewhere: RateLimiter::keyed(quota),
            upload: RateLimiter::keyed(quota),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// [`Error::TooOften`] if the address has tried too often; the try does not count then.
    pub fn count(&self, action: Action, address: IpAddr) -> Result<(), Error> {
        let limiter = match action {
            Action::LogIn => &self.log_in,
            Action::Register => &self.register,
            Action::AskElsewhere => &self.ask_elsewhere,
            Action::Upload => &self.upload,
        };
        limiter.check_key(&self.pot(address)).map_err(|early| {
            let wait = early.wait_time_from(self.clock.now());
            Error::TooOften { retry_after_s: wait.as_secs().saturating_add(1) }
        })
    }

    /// One host has one IPv4 address, but a whole /64 of IPv6.
    fn pot(&self, address: IpAddr) -> u16 {
        let hash = match address.to_canonical() {
            IpAddr::V4(v4) => self.hasher.hash_one(v4.octets()),
            IpAddr::V6(v6) => self.hasher.hash_one(v6.to_bits() >> 64),
        };
        u16::try_from(hash >> 48).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn the_try_after_the_last_allowed_one_is_refused_with_a_time() {
        let limits = Limits::new(3);
        let address = "192.0.2.1".parse().unwrap();
        for _ in 0..3 {
            limits.count(Action::LogIn, address).unwrap();
        }
        let Err(Error::TooOften { retry_after_s }) = limits.count(Action::LogIn, address) else {
            panic!("the fourth try was allowed");
        };
        assert!((1..=21).contains(&retry_after_s), "{retry_after_s}");
        limits.count(Action::Upload, address).unwrap();
    }

    #[test]
    fn addresses_of_one_network_count_together() {
        let limits = Limits::new(1);
        limits.count(Action::Register, "2001:db8::1".parse().unwrap()).unwrap();
        assert!(limits.count(Action::Register, "2001:db8::ffff".parse().unwrap()).is_err());
        assert!(limits.count(Action::Register, "2001:db8:0:1::1".parse().unwrap()).is_ok());
    }
}
