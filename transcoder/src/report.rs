//! Lines for the node.

use std::io::stdout;
use std::time::{Duration, Instant};

use kinora_order::{Progress, write_line};

/// The least time between two percentages of one rung.
const PERCENT_EVERY: Duration = Duration::from_millis(250);
/// The most time between two lines while work goes on.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(2);

/// Writes progress lines. A broken pipe means that the node is gone or wants no more: the work ends.
#[derive(Debug, Default)]
pub(crate) struct Report;

impl Report {
    /// Writes one line.
    pub(crate) fn line(&self, progress: &Progress) {
        if write_line(&mut stdout().lock(), progress).is_err() {
            std::process::exit(1);
        }
    }
}

/// Says how far the rungs are, not too often, and that the work goes on, not too seldom.
#[derive(Debug)]
pub(crate) struct Pace {
    last_percent: Instant,
    last_line: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        let now = Instant::now();
        Self { last_percent: now, last_line: now }
    }
}

impl Pace {
    /// Called for every packet or frame; `rungs` all are at `done_us`.
    pub(crate) fn step<'a>(
        &mut self,
        report: &Report,
        rungs: impl IntoIterator<Item = &'a str>,
        done_us: u64,
        total_us: u64,
    ) {
        let now = Instant::now();
        if now.duration_since(self.last_percent) >= PERCENT_EVERY {
            self.last_percent = now;
            for rung in rungs {
                self.last_line = now;
                let rung = rung.to_owned();
                report.line(&Progress::Percent { rung, done_us: done_us.min(total_us), total_us });
            }
        }
        if now.duration_since(self.last_line) >= HEARTBEAT_EVERY {
            self.last_line = now;
            report.line(&Progress::Heartbeat);
        }
    }
}
