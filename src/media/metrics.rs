//! What the media room counts.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters of the media room; clones count into the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    jobs: Family<Ended, Counter>,
    transcodes_running: Gauge,
    transcode_cpu_s: Counter<f64, AtomicU64>,
    segments: Counter,
    segment_bytes: Counter,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    kind: &'static str,
    outcome: &'static str,
}

impl Metrics {
    /// Names the counters for `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("jobs", "Media jobs by kind and outcome", self.jobs.clone());
        let running = self.transcodes_running.clone();
        registry.register("transcodes_running", "Transcoder processes that run now", running);
        let cpu = self.transcode_cpu_s.clone();
        registry.register("transcode_cpu_seconds", "CPU time of transcoder processes", cpu);
        registry.register("segments", "Segments taken in", self.segments.clone());
        registry.register(
            "segment_bytes",
            "Bytes of segments taken in",
            self.segment_bytes.clone(),
        );
    }

    /// A job ended: `done`, `retried`, `waiting`, `buried`, `cancelled`.
    pub fn ended(&self, kind: &'static str, outcome: &'static str) {
        self.jobs.get_or_create(&Ended { kind, outcome }).inc();
    }

    /// A transcoder runs until the guard is dropped.
    #[must_use]
    pub fn running(&self) -> Running {
        self.transcodes_running.inc();
        Running(self.transcodes_running.clone())
    }

    /// A transcoder told how much CPU time it used, in seconds.
    pub fn used_cpu(&self, seconds: f64) {
        self.transcode_cpu_s.inc_by(seconds);
    }

    /// A segment of so many bytes was taken in.
    pub fn segment(&self, bytes: u64) {
        self.segments.inc();
        self.segment_bytes.inc_by(bytes);
    }
}

/// Counts a running transcoder until it is dropped.
#[derive(Debug)]
pub struct Running(Gauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}
