//! Who may open a tunnel: counted by network address, which is known only where the tunnel begins.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use governor::Quota;

use crate::address::host_of;
use crate::config::Config;
use crate::pots::Pots;

/// Too many tunnels are open, or were opened too quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many connections from here")]
pub struct Full;

/// Counts open tunnels and those begun lately.
#[derive(Debug)]
pub(crate) struct Gate {
    tunnels_max: u32,
    per_address_max: u32,
    open: Arc<Mutex<Open>>,
    begun: Pots,
}

#[derive(Debug, Default)]
struct Open {
    all: u32,
    by_host: HashMap<u128, u32>,
}

/// Leave for one tunnel, given back when dropped.
#[derive(Debug)]
pub struct Pass {
    host: u128,
    open: Arc<Mutex<Open>>,
}

impl Gate {
    pub(crate) fn new(config: &Config) -> Self {
        let rate = NonZeroU32::new(config.tunnels_per_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            tunnels_max: config.tunnels_max,
            per_address_max: config.tunnels_per_address_max,
            open: Arc::default(),
            begun: Pots::new(Quota::per_minute(rate)),
        }
    }

    /// Lets one more tunnel from this address in.
    ///
    /// # Errors
    /// [`Full`] if it has too many, began too many lately, or if there are too many in all.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<Pass, Full> {
        let host = host_of(address);
        if !self.begun.take(address) {
            return Err(Full);
        }
        let mut open = lock(&self.open);
        let mine = open.by_host.get(&host).copied().unwrap_or(0);
        if open.all >= self.tunnels_max || mine >= self.per_address_max {
            return Err(Full);
        }
        open.all = open.all.saturating_add(1);
        open.by_host.insert(host, mine.saturating_add(1));
        Ok(Pass { host, open: Arc::clone(&self.open) })
    }

    /// How many tunnels are open.
    pub(crate) fn open(&self) -> u32 {
        lock(&self.open).all
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.all = open.all.saturating_sub(1);
        let left = open.by_host.get(&self.host).copied().unwrap_or(0).saturating_sub(1);
        if left == 0 {
            open.by_host.remove(&self.host);
        } else {
            open.by_host.insert(self.host, left);
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn gate(tunnels_max: u32, tunnels_per_address_max: u32, tunnels_per_minute: u32) -> Gate {
        let config = Config::default();
        Gate::new(&Config { tunnels_max, tunnels_per_address_max, tunnels_per_minute, ..config })
    }

    #[test]
    fn an_address_has_its_share_and_no_more() {
        let gate = gate(3, 2, 100);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = gate.enter(one).unwrap();
        let _second = gate.enter(one).unwrap();
        assert_eq!(gate.enter(one).unwrap_err(), Full);
        let _third = gate.enter(other).unwrap();
        assert_eq!(gate.enter(other).unwrap_err(), Full, "all places are taken");
        drop(first);
        let _again = gate.enter(one).unwrap();
        assert_eq!(gate.open(), 3);
    }

    #[test]
    fn coming_and_going_quickly_is_bounded_and_leaves_nothing() {
        let gate = gate(100, 100, 5);
        let address = "2001:db8::1".parse().unwrap();
        let let_in = (0..1_000).filter(|_| gate.enter(address).is_ok()).count();
        assert!((5..=6).contains(&let_in), "{let_in}");
        assert_eq!(gate.open(), 0);
        assert!(lock(&gate.open).by_host.is_empty());
    }
}
