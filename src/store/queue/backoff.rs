//! How long a failed job waits.

use std::time::Duration;

/// How long a job waits after its first failure, before jitter.
pub const WAIT_FIRST: Duration = Duration::from_secs(10);

/// The longest that a failed job waits before its next try.
pub const WAIT_MAX: Duration = Duration::from_secs(6 * 60 * 60);

/// The wait after the try number `tries` (from 1): doubles from [`WAIT_FIRST`] to [`WAIT_MAX`], less up to a quarter.
///
/// The quarter is drawn from `seed`, the number of the job: jobs that failed together do not come back together.
#[must_use]
pub fn wait_after(tries: u32, seed: u64) -> Duration {
    let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
    let wait = WAIT_FIRST.checked_mul(doubled).map_or(WAIT_MAX, |wait| wait.min(WAIT_MAX));
    let share = scatter(seed.wrapping_add(u64::from(tries))) % 1_000;
    let less = wait.as_millis().saturating_mul(u128::from(share)) / 4_000;
    wait.saturating_sub(Duration::from_millis(u64::try_from(less).unwrap_or(0)))
}

/// Spreads numbers that lie close together (the finalizer of SplitMix64).
const fn scatter(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        for tries in 1..200 {
            let wait = wait_after(tries, 7);
            let full = WAIT_FIRST.checked_mul(2_u32.saturating_pow(tries - 1)).unwrap_or(WAIT_MAX);
            let full = full.min(WAIT_MAX);
            assert!(wait <= full && wait >= full * 3 / 4, "try {tries} waits {wait:?}");
        }
    }

    #[test]
    fn jobs_that_fail_together_come_back_apart() {
        let waits: std::collections::BTreeSet<_> =
            (0..100).map(|seed| wait_after(3, seed)).collect();
        assert!(waits.len() > 80, "{} different waits", waits.len());
    }
}
