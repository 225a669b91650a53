//! The watchdog: a writer that hangs is worse than one that starts anew.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// When the writer last showed life while it works; nothing while it waits for work.
#[derive(Debug, Default)]
pub(super) struct Pulse(Mutex<Option<Instant>>);

impl Pulse {
    /// The writer works, and got this far.
    pub(super) fn beat(&self) {
        self.set(Some(Instant::now()));
    }

    /// The writer waits for work.
    pub(super) fn rest(&self) {
        self.set(None);
    }

    fn set(&self, at: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    fn silent_for(&self) -> Duration {
        let at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        at.map_or(Duration::ZERO, |at| at.elapsed())
    }
}

/// Ends the process once the writer has been silent for longer than `limit`; the service manager starts it anew, and
/// sled recovers. Returns when the pulse is dropped.
pub(super) fn watch(pulse: &Arc<Pulse>, limit: Duration) -> std::io::Result<()> {
    let pulse = Arc::downgrade(pulse);
    let pause = (limit / 10).clamp(Duration::from_millis(10), Duration::from_secs(1));
    let thread = std::thread::Builder::new().name("store-watchdog".to_owned());
    thread.spawn(move || until_silent(&pulse, limit, pause)).map(drop)
}

fn until_silent(pulse: &Weak<Pulse>, limit: Duration, pause: Duration) {
    while let Some(pulse) = pulse.upgrade() {
        let silent = pulse.silent_for();
        if silent > limit {
            let silent_s = silent.as_secs();
            tracing::error!(silent_s, "the store hangs since {silent_s} s: ending the process");
            std::process::abort();
        }
        drop(pulse);
        std::thread::sleep(pause);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    /// Tells this test that it is the program that hangs.
    const HANGS: &str = "KINORA_TEST_WATCHDOG_HANGS";

    #[test]
    fn a_writer_that_hangs_ends_the_process_and_one_that_works_or_rests_does_not() {
        let limit = Duration::from_secs(1);
        let pulse = Arc::default();
        watch(&pulse, limit).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < limit * 3 / 2 {
            pulse.beat();
            std::thread::yield_now();
        }
        if std::env::var_os(HANGS).is_some() {
            loop {
                std::thread::park();
            }
        }
        pulse.rest();
        let name = "kv::sled::watchdog::tests::\
            a_writer_that_hangs_ends_the_process_and_one_that_works_or_rests_does_not";
        let mut hanging = std::process::Command::new(std::env::current_exe().unwrap());
        let ended = hanging.args(["--exact", name]).env(HANGS, "yes").output().unwrap();
        assert_eq!(ended.status.signal(), Some(6), "SIGABRT: {ended:?}");
    }
}
