//! How long a server that was not reached is left alone.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

use kinora_model::clock::Timestamp;
use kinora_model::delivery::HostTrouble;
use kinora_model::host::Host;

/// The wait after the first failure: most servers that are not reached are starting anew.
pub(super) const WAIT_QUICK: Duration = Duration::from_secs(10);

/// The wait after the second failure.
pub(super) const WAIT_FIRST: Duration = Duration::from_secs(60);

/// The longest wait while activities are still tried.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// How long an activity is tried; a server that is not reached for longer is asleep.
pub(super) const GIVE_UP: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// How often a sleeping server is probed.
pub(super) const PROBE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a sleeping server is probed; then only a word of its own wakes it.
pub(super) const LOST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The wait after so many failures in a row, from 1: a short one, then four times as long each time, up to [`WAIT_MAX`], and
/// up to a quarter more that differs from server to server.
pub(super) fn wait_after(failures: u32, host: &Host) -> Duration {
    let factor = failures.checked_sub(2).map(|more| 4_u32.saturating_pow(more));
    let wait = match factor {
        Some(factor) => WAIT_FIRST.checked_mul(factor).map_or(WAIT_MAX, |wait| wait.min(WAIT_MAX)),
        None => WAIT_QUICK,
    };
    let share = BuildHasherDefault::<DefaultHasher>::default().hash_one(host.as_str()) % 256;
    let more = wait.as_millis().saturating_mul(u128::from(share)) / 1024;
    wait.saturating_add(Duration::from_millis(u64::try_from(more).unwrap_or(0)))
}

/// The trouble of a server after one more failure.
pub(super) fn worse(
    before: Option<&HostTrouble>,
    host: &Host,
    now: Timestamp,
    reason: String,
    retry_after_s: Option<u64>,
) -> HostTrouble {
    let failures = before.map_or(0, |it| it.failures).saturating_add(1);
    let failing_since = before.map_or(now, |it| it.failing_since);
    let asleep = now.since(failing_since) > GIVE_UP;
    let wait = if asleep { PROBE } else { wait_after(failures, host) };
    let wait = wait.max(Duration::from_secs(retry_after_s.unwrap_or(0)));
    HostTrouble {
        host: host.clone(),
        failing_since,
        failures,
        next_try_at: now.after(wait),
        reason,
        asleep,
    }
}

/// True if a server was not reached for so long that nothing is kept for it.
pub(super) fn is_lost(trouble: &HostTrouble, now: Timestamp) -> bool {
    now.since(trouble.failing_since) > LOST
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn waits_grow_fourfold_up_to_half_a_day() {
        let host = Host::parse("a.example").unwrap();
        let quick = wait_after(1, &host).as_secs();
        assert!((10..=12).contains(&quick), "{quick}");
        let minutes = |failures| wait_after(failures, &host).as_secs() / 60;
        for (failures, least) in [(2, 1), (3, 4), (4, 16), (5, 64), (6, 256), (7, 720), (60, 720)] {
            let waited = minutes(failures);
            assert!((least..=least * 5 / 4).contains(&waited), "{failures}: {waited}");
        }
    }

    #[test]
    fn a_server_falls_asleep_after_three_days_and_is_lost_after_thirty() {
        let host = Host::parse("a.example").unwrap();
        let start = Timestamp::parse("2026-01-01").unwrap();
        let mut now = start;
        let mut trouble = worse(None, &host, now, "down".to_owned(), None);
        let mut tries = 1;
        while !trouble.asleep {
            now = trouble.next_try_at;
            trouble = worse(Some(&trouble), &host, now, "down".to_owned(), None);
            tries += 1;
        }
        assert!(now.since(start) > GIVE_UP && now.since(start) < GIVE_UP + WAIT_MAX * 5 / 4);
        assert!((10..=14).contains(&tries), "{tries} tries in three days");
        assert_eq!(trouble.next_try_at, now.after(PROBE));
        assert!(!is_lost(&trouble, now));
        assert!(is_lost(&trouble, start.after(LOST + PROBE)));
    }

    #[test]
    fn a_server_that_asks_for_a_longer_rest_gets_it() {
        let host = Host::parse("a.example").unwrap();
        let now = Timestamp::parse("2026-01-01").unwrap();
        let trouble = worse(None, &host, now, "busy".to_owned(), Some(3600));
        assert_eq!(trouble.next_try_at, now.after(Duration::from_secs(3600)));
    }
}
