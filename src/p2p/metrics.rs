//! What sharing with peers counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Counters of the p2p room; clones count into the same. No label names a peer.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    connections: Gauge,
    refused: Counter,
    reservations: Family<Outcome, Counter>,
    circuits: Family<Outcome, Counter>,
    tracker: Family<Outcome, Counter>,
    swarms: Gauge,
    members: Gauge,
}

/// What became of something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Metrics {
    /// Names the counters for `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("connections", "Connections of peers now", self.connections.clone());
        let refused = self.refused.clone();
        registry.register("connections_refused", "Connections not taken, or broken off", refused);
        let reservations = self.reservations.clone();
        registry.register("reservations", "Reservations asked for by outcome", reservations);
        registry.register("circuits", "Introductions asked for by outcome", self.circuits.clone());
        registry.register("tracker", "Questions to the tracker by outcome", self.tracker.clone());
        registry.register("swarms", "Videos that are shared now", self.swarms.clone());
        registry.register("members", "Peers that share a video now", self.members.clone());
    }

    /// The tracker was asked: `answered`, `no_swarm`, `busy` or `broken`.
    pub(crate) fn tracked(&self, outcome: &'static str) {
        self.tracker.get_or_create(&Outcome { outcome }).inc();
    }

    /// So many peers share, in so many swarms.
    pub(crate) fn members(&self, swarms: usize, members: usize) {
        self.swarms.set(i64::try_from(swarms).unwrap_or(i64::MAX));
        self.members.set(i64::try_from(members).unwrap_or(i64::MAX));
    }

    /// So many connections are open.
    pub(crate) fn connections(&self, count: u32) {
        self.connections.set(count.into());
    }

    /// A connection was not taken, or ended before its peer said who it is.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// A reservation was asked for: `accepted` or `denied`.
    pub(crate) fn reservation(&self, outcome: &'static str) {
        self.reservations.get_or_create(&Outcome { outcome }).inc();
    }

    /// An introduction was asked for: `accepted` or `denied`.
    pub(crate) fn circuit(&self, outcome: &'static str) {
        self.circuits.get_or_create(&Outcome { outcome }).inc();
    }
}

/// Counters of the network of nodes; clones count into the same.
#[derive(Clone, Debug, Default)]
pub struct NodeMetrics {
    connected: Gauge,
    given: Counter,
    given_segments: Counter,
    taken: Counter,
    banned: Counter,
}

impl NodeMetrics {
    /// Names the counters for `/metrics`.
    pub fn register(&self, registry: &mut Registry) {
        let nodes = self.connected.clone();
        registry.register("nodes", "Nodes and seeds that are connected now", nodes);
        let (given, taken) = (self.given.clone(), self.taken.clone());
        registry.register_with_unit("given", "Given to nodes", Unit::Bytes, given);
        registry.register_with_unit("taken", "Taken from nodes and seeds", Unit::Bytes, taken);
        let segments = self.given_segments.clone();
        registry.register("given_segments", "Segments given to nodes", segments);
        let banned = self.banned.clone();
        registry.register("banned", "Peers that gave wrong bytes", banned);
    }

    /// So many are connected now.
    #[must_use]
    pub fn nodes(&self) -> i64 {
        self.connected.get()
    }

    /// Bytes that were given so far.
    #[must_use]
    pub fn given_bytes(&self) -> u64 {
        self.given.get()
    }

    pub(crate) fn connected(&self, count: usize) {
        self.connected.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn given(&self, bytes: u64) {
        self.given.inc_by(bytes);
        self.given_segments.inc();
    }

    pub(crate) fn taken(&self, bytes: usize) {
        self.taken.inc_by(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    pub(crate) fn banned(&self) {
        self.banned.inc();
    }
}
