//! How fast bytes are given.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Gives bytes their turn, so that no more go in a second than may.
#[derive(Debug)]
pub(crate) struct Pace {
    bytes_per_s: Option<u64>,
    /// When the last turn that was given is over.
    free: Mutex<Instant>,
}

impl Pace {
    pub(crate) fn new(bytes_per_s: Option<u64>) -> Self {
        Self { bytes_per_s: bytes_per_s.filter(|rate| *rate > 0), free: Mutex::new(Instant::now()) }
    }

    /// When so many bytes may go.
    pub(crate) fn turn(&self, bytes: u64) -> Instant {
        let now = Instant::now();
        let Some(rate) = self.bytes_per_s else { return now };
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = (*free).max(now);
        let ms = bytes.saturating_mul(1_000).checked_div(rate).unwrap_or(0);
        *free = begin + Duration::from_millis(ms);
        begin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_follow_each_other() {
        let pace = Pace::new(Some(1_000));
        let first = pace.turn(500);
        let second = pace.turn(2_000);
        assert_eq!(second, first + Duration::from_millis(500));
        assert_eq!(pace.turn(1), second + Duration::from_secs(2));
        let quick = Pace::new(None);
        assert!(quick.turn(u64::MAX) <= Instant::now());
        assert!(quick.turn(u64::MAX) <= Instant::now());
    }
}
