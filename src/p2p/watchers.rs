//! Who watches what right now, as their players say: for a guess at whether peers are worth looking for.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kinora_model::clock::Timestamp;
use kinora_model::id::Id;
use kinora_model::video::Video;

use crate::address::host_of;

/// How long someone counts after their player's last word.
pub(crate) const PRESENT: Duration = Duration::from_mins(1);

/// How often those are looked for who are not present any more: a look goes through all.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Sessions that are remembered; whoever comes beyond that is not counted.
const SESSIONS_MAX: usize = 100_000;

/// Sessions of one network address that count for one video: behind one address may be a school, or someone who makes
/// them up.
const PER_HOST_MAX: usize = 32;

/// Sessions of players. Only keyed hashes of addresses and sessions are kept.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    hasher: RandomState,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    videos: HashMap<Id<Video>, Audience>,
    sessions: usize,
    /// When all audiences were last looked through.
    swept: Timestamp,
}

/// Who watches one video.
#[derive(Debug, Default)]
struct Audience {
    seen: HashMap<u64, Seen>,
    /// How many of them come from one network address.
    hosts: HashMap<u64, usize>,
    /// When it was last looked through.
    swept: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    host: u64,
    last: Timestamp,
}

impl Watchers {
    /// Someone watches; answers how many do, at least one.
    pub(crate) fn watched(
        &self,
        video: Id<Video>,
        address: IpAddr,
        session: &str,
        now: Timestamp,
    ) -> usize {
        let host = self.hasher.hash_one(host_of(address));
        let session = self.hasher.hash_one((host, session));
        let kept = &mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.sessions >= SESSIONS_MAX && kept.swept.after(SWEEP_EVERY) <= now {
            kept.sweep(now);
        }
        let full = kept.sessions >= SESSIONS_MAX;
        let audience = kept.videos.entry(video).or_default();
        let before = audience.seen.len();
        if audience.swept.after(SWEEP_EVERY) <= now {
            audience.sweep(now);
        }
        audience.take(session, host, now, full);
        let count = audience.seen.len();
        kept.sessions = kept.sessions.saturating_sub(before).saturating_add(count);
        if count == 0 {
            kept.videos.remove(&video);
        }
        count.max(1)
    }
}

impl Kept {
    fn sweep(&mut self, now: Timestamp) {
        self.videos.retain(|_, audience| {
            audience.sweep(now);
            !audience.seen.is_empty()
        });
        self.sessions = self.videos.values().map(|audience| audience.seen.len()).sum();
        self.swept = now;
    }
}

impl Audience {
    /// Counts a session, unless there is no place for another.
    fn take(&mut self, session: u64, host: u64, now: Timestamp, full: bool) {
        if let Some(known) = self.seen.get_mut(&session) {
            known.last = now;
            return;
        }
        let of_host = self.hosts.get(&host).copied().unwrap_or_default();
        if !full && of_host < PER_HOST_MAX {
            self.seen.insert(session, Seen { host, last: now });
            self.hosts.insert(host, of_host.saturating_add(1));
        }
    }

    /// Forgets who is not present any more.
    fn sweep(&mut self, now: Timestamp) {
        self.seen.retain(|_, it| it.last.after(PRESENT) > now);
        self.hosts.clear();
        for it in self.seen.values() {
            let count = self.hosts.entry(it.host).or_default();
            *count = count.saturating_add(1);
        }
        self.swept = now;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(1_800_000_000_000 + seconds * 1_000)
    }

    #[test]
    fn someone_counts_for_a_minute_after_their_last_word() {
        let (watchers, video) = (Watchers::default(), Id::from_raw(1));
        let home = "192.0.2.1".parse().unwrap();
        assert_eq!(watchers.watched(video, home, "a", at(0)), 1);
        assert_eq!(watchers.watched(video, home, "b", at(30)), 2);
        assert_eq!(watchers.watched(video, home, "b", at(59)), 2);
        assert_eq!(watchers.watched(video, home, "b", at(61)), 1);
        assert_eq!(watchers.watched(Id::from_raw(2), home, "b", at(61)), 1);
    }

    #[test]
    fn made_up_sessions_are_bounded() {
        let watchers = Watchers::default();
        let liar = "192.0.2.1".parse().unwrap();
        for number in 0..10_000 {
            watchers.watched(Id::from_raw(1), liar, &number.to_string(), at(0));
        }
        let honest = "192.0.2.2".parse().unwrap();
        assert_eq!(watchers.watched(Id::from_raw(1), honest, "x", at(0)), PER_HOST_MAX + 1);
        for video in 0..150_000 {
            watchers.watched(Id::from_raw(video), liar, "x", at(0));
        }
        assert_eq!(watchers.kept.lock().unwrap().sessions, SESSIONS_MAX);
        // A minute later all of that is forgotten.
        watchers.watched(Id::from_raw(1), honest, "x", at(61));
        assert_eq!(watchers.kept.lock().unwrap().sessions, 1);
    }
}
