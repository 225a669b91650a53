//! Whose turn it is: the servers that something waits for, in memory.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use kinora_model::clock::Timestamp;
use kinora_model::delivery::HostTrouble;
use kinora_model::host::Host;

use super::backoff;

/// The servers that something waits for. Each is in at most one of `ready`, `later` and `busy`.
#[derive(Debug, Default)]
pub(super) struct Lines {
    ready: VecDeque<Host>,
    later: BTreeSet<(Timestamp, Host)>,
    busy: HashSet<Host>,
    /// Those of `busy` that got more work meanwhile.
    more: HashSet<Host>,
    /// All that are in `ready` or `later`.
    waiting: HashMap<Host, Option<Timestamp>>,
    troubles: HashMap<Host, HostTrouble>,
    /// Servers whose trouble ended with a word of their own, until that is written down.
    woken: Vec<HostTrouble>,
}

impl Lines {
    /// Something waits for a server.
    pub(super) fn add(&mut self, host: Host) {
        if self.busy.contains(&host) {
            self.more.insert(host);
        } else if !self.waiting.contains_key(&host) {
            match self.troubles.get(&host).map(|trouble| trouble.next_try_at) {
                Some(at) => self.put_later(host, at),
                None => self.put_ready(host),
            }
        }
    }

    /// Remembers trouble that was written down.
    pub(super) fn set_trouble(&mut self, trouble: HostTrouble) {
        self.troubles.insert(trouble.host.clone(), trouble);
    }

    /// The trouble of a server.
    pub(super) fn trouble(&self, host: &Host) -> Option<&HostTrouble> {
        self.troubles.get(host)
    }

    /// All servers in trouble.
    pub(super) fn troubles(&self) -> impl Iterator<Item = &HostTrouble> {
        self.troubles.values()
    }

    /// True if nothing is kept for a server any more.
    pub(super) fn is_lost(&self, host: &Host, now: Timestamp) -> bool {
        self.troubles.get(host).is_some_and(|trouble| backoff::is_lost(trouble, now))
    }

    /// Ends the trouble of a server; false if it had none.
    pub(super) fn wake(&mut self, host: &Host) -> bool {
        let Some(trouble) = self.troubles.remove(host) else { return false };
        self.woken.push(trouble);
        if let Some(Some(at)) = self.waiting.get(host).copied() {
            self.later.remove(&(at, host.clone()));
            self.put_ready(host.clone());
        }
        true
    }

    /// Those that woke since this was asked last.
    pub(super) fn take_woken(&mut self) -> Vec<HostTrouble> {
        std::mem::take(&mut self.woken)
    }

    /// The next server whose turn it is; it is busy until [`Lines::done`].
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Host> {
        while let Some((at, _)) = self.later.first() {
            if *at > now {
                break;
            }
            if let Some((_, host)) = self.later.pop_first() {
                self.put_ready(host);
            }
        }
        let host = self.ready.pop_front()?;
        self.waiting.remove(&host);
        self.busy.insert(host.clone());
        Some(host)
    }

    /// When the next server that is left alone has its turn.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.later.first().map(|(at, _)| *at)
    }

    /// A round ended, and more waits or not.
    pub(super) fn done(&mut self, host: Host, more: bool) {
        self.busy.remove(&host);
        let more = self.more.remove(&host) || more;
        if more {
            self.add(host);
        }
    }

    /// How many servers something waits for or goes to.
    pub(super) fn len(&self) -> usize {
        self.waiting.len().saturating_add(self.busy.len())
    }

    fn put_ready(&mut self, host: Host) {
        self.waiting.insert(host.clone(), None);
        self.ready.push_back(host);
    }

    fn put_later(&mut self, host: Host, at: Timestamp) {
        self.waiting.insert(host.clone(), Some(at));
        self.later.insert((at, host));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn host(name: &str) -> Host {
        Host::parse(name).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(seconds * 1000)
    }

    fn trouble(name: &str, until: i64) -> HostTrouble {
        backoff::worse(None, &host(name), at(until - 75), "down".to_owned(), Some(75))
    }

    #[test]
    fn a_server_has_one_turn_however_often_it_is_added() {
        let mut lines = Lines::default();
        for name in ["a.test", "b.test", "a.test"] {
            lines.add(host(name));
        }
        assert_eq!(lines.next(at(0)), Some(host("a.test")));
        assert_eq!(lines.next(at(0)), Some(host("b.test")));
        assert_eq!(lines.next(at(0)), None);
        lines.add(host("a.test"));
        assert_eq!(lines.next(at(0)), None, "it is busy");
        lines.done(host("a.test"), false);
        assert_eq!(lines.next(at(0)), Some(host("a.test")), "it got more meanwhile");
        lines.done(host("a.test"), false);
        lines.done(host("b.test"), false);
        assert_eq!(lines.len(), 0);
    }

    #[test]
    fn a_server_in_trouble_waits_for_its_time_or_its_word() {
        let mut lines = Lines::default();
        lines.set_trouble(trouble("a.test", 100));
        lines.add(host("a.test"));
        assert_eq!(lines.next(at(50)), None);
        assert_eq!(lines.next_at(), lines.trouble(&host("a.test")).map(|it| it.next_try_at));
        assert!(lines.wake(&host("a.test")));
        assert_eq!(lines.next(at(50)), Some(host("a.test")));
        assert_eq!(lines.take_woken().len(), 1);
        assert!(!lines.wake(&host("a.test")));

        lines.set_trouble(trouble("a.test", 100));
        lines.done(host("a.test"), true);
        assert_eq!(lines.next(at(50)), None);
        assert_eq!(lines.next(at(1000)), Some(host("a.test")));
    }
}
