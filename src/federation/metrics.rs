//! What the federation room counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters of the federation room; clones count into the same. No label names another server.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    jobs: Family<Ended, Counter>,
    received: Family<Outcome, Counter>,
    deliveries: Family<Outcome, Counter>,
    waiting: Gauge,
    troubles: Gauge,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    kind: &'static str,
    outcome: &'static str,
}

/// What became of something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Metrics {
    /// Names the counters for `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("jobs", "Federation jobs by kind and outcome", self.jobs.clone());
        let received = self.received.clone();
        registry.register("received", "Activities posted to inboxes by outcome", received);
        let deliveries = self.deliveries.clone();
        registry.register("deliveries", "Tries to deliver by outcome", deliveries);
        let waiting = self.waiting.clone();
        registry.register("servers_waiting", "Servers that deliveries wait for", waiting);
        let troubles = self.troubles.clone();
        registry.register("servers_unreached", "Servers that are not reached", troubles);
    }

    /// A job ended: `done`, `retried`, `waiting`, `moot` or `buried`.
    pub fn ended(&self, kind: &'static str, outcome: &'static str) {
        self.jobs.get_or_create(&Ended { kind, outcome }).inc();
    }

    /// An activity was posted: `taken`, `known`, `dropped` or `refused`.
    pub fn received(&self, outcome: &'static str) {
        self.received.get_or_create(&Outcome { outcome }).inc();
    }

    /// An activity was handed over or not: `delivered`, `refused` or `failed`.
    pub fn delivery(&self, outcome: &'static str) {
        self.deliveries.get_or_create(&Outcome { outcome }).inc();
    }

    /// So many servers are waited for, and so many not reached.
    pub fn lines(&self, waiting: usize, troubles: usize) {
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.troubles.set(i64::try_from(troubles).unwrap_or(i64::MAX));
    }
}
