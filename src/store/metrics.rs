//! What the store counts.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::error::Error;

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum End {
    Landed,
    Conflict,
    NoSpace,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    end: End,
}

/// What the store counts. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    commits: Family<Labels, Counter>,
    group: Histogram,
    write: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            commits: Family::default(),
            group: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            write: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
        }
    }
}

impl Metrics {
    /// Hands the counters to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("store");
        registry.register("commits", "Batches by what became of them", self.commits.clone());
        registry.register("group", "Batches that were flushed together", self.group.clone());
        registry.register_with_unit(
            "write",
            "Time to write and flush a group",
            Unit::Seconds,
            self.write.clone(),
        );
    }

    /// A group of so many commits was written and flushed.
    pub(crate) fn landed(&self, commits: usize, took: Duration) {
        let count = u32::try_from(commits).unwrap_or(u32::MAX);
        self.commits.get_or_create(&Labels { end: End::Landed }).inc_by(u64::from(count));
        self.group.observe(f64::from(count));
        self.write.observe(took.as_secs_f64());
    }

    /// A commit was refused.
    pub(crate) fn refused(&self, why: &Error) {
        let end = match why {
            Error::Conflict => End::Conflict,
            Error::NoSpace => End::NoSpace,
            _ => End::Failed,
        };
        self.commits.get_or_create(&Labels { end }).inc();
    }
}
