//! What this node does with peers, put together.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::Quota;
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{Multiaddr, PeerId, StreamProtocol, identify, memory_connection_limits, ping, relay};

use crate::address::ip;
use crate::admission::Admission;
use crate::config::Config;
use crate::limits::TRACKER;
use crate::pots::Pots;
use crate::tracker::codec::TrackerCodec;

/// What this node calls itself.
pub(crate) const AGENT: &str = concat!("kinora/", env!("CARGO_PKG_VERSION"));

/// The protocol family, told to peers.
pub(crate) const FAMILY: &str = "kinora/1";

/// The part of the machine's memory above which no connection is taken.
pub(crate) const MEMORY_SHARE: f64 = 0.8;

/// How long a peer can be reached through this node before it has to ask again.
const RESERVATION: Duration = Duration::from_secs(60 * 60);

/// How long two browsers may take to find a way to each other.
const CIRCUIT: Duration = Duration::from_secs(60);

/// How many bytes they may need for that: media never fits.
const CIRCUIT_BYTES_MAX: u64 = 64 * 1024;

/// Circuits of one peer at a time.
const CIRCUITS_PER_PEER_MAX: usize = 8;

/// Reservations and circuits, each, that an address outside of tunnels may ask for in an hour.
const ASKED_PER_HOUR: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);

/// How long a browser may take to ask the tracker and to take its answer.
const TRACKER_TIMEOUT: Duration = Duration::from_secs(5);

/// Questions of one connection to the tracker at a time.
const TRACKER_STREAMS_MAX: usize = 4;

/// What this node does with peers.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    admission: Admission,
    memory: memory_connection_limits::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    relay: relay::Behaviour,
    pub(crate) tracker: request_response::Behaviour<TrackerCodec>,
}

impl Behaviour {
    pub(crate) fn new(keypair: &Keypair, config: &Config) -> Self {
        // Listen addresses say nothing to others: they stand behind a proxy or on loopback.
        let identify = identify::Config::new(FAMILY.to_owned(), keypair.public())
            .with_agent_version(AGENT.to_owned())
            .with_cache_size(0)
            .with_hide_listen_addrs(true);
        Self {
            admission: Admission::new(config.tunnels_max),
            memory: memory_connection_limits::Behaviour::with_max_percentage(MEMORY_SHARE),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::default(),
            relay: relay::Behaviour::new(keypair.public().to_peer_id(), circuits(config)),
            tracker: tracker(),
        }
    }
}

/// Answers browsers that ask who else watches.
fn tracker() -> request_response::Behaviour<TrackerCodec> {
    let limits = request_response::Config::default()
        .with_request_timeout(TRACKER_TIMEOUT)
        .with_max_concurrent_streams(TRACKER_STREAMS_MAX);
    let protocols = [(StreamProtocol::new(TRACKER), ProtocolSupport::Inbound)];
    request_response::Behaviour::new(protocols, limits)
}

/// Introductions only: short, small, and few for each peer.
///
/// libp2p's limits by network address are replaced: all tunnels come from this machine, and share one address.
pub(crate) fn circuits(config: &Config) -> relay::Config {
    let limits = relay::Config {
        max_reservations: config.reservations_max,
        max_reservations_per_peer: 1,
        reservation_duration: RESERVATION,
        reservation_rate_limiters: Vec::new(),
        max_circuits: config.circuits_max,
        max_circuits_per_peer: CIRCUITS_PER_PEER_MAX,
        max_circuit_duration: CIRCUIT,
        max_circuit_bytes: CIRCUIT_BYTES_MAX,
        circuit_src_rate_limiters: Vec::new(),
    };
    let minute = Duration::from_secs(60);
    let mut limits = limits
        .reservation_rate_per_peer(NonZeroU32::MIN.saturating_add(9), minute)
        .circuit_src_per_peer(NonZeroU32::MIN.saturating_add(59), minute);
    let (reserving, calling) = (outside_tunnels(), outside_tunnels());
    let reserving = move |_peer: PeerId, from: &Multiaddr, _now: Instant| reserving(from);
    let calling = move |_peer: PeerId, from: &Multiaddr, _now: Instant| calling(from);
    limits.reservation_rate_limiters.push(Box::new(reserving));
    limits.circuit_src_rate_limiters.push(Box::new(calling));
    limits
}

/// Counts what addresses other than loopback ask for.
fn outside_tunnels() -> impl Fn(&Multiaddr) -> bool + Send {
    let asked = Pots::new(Quota::per_hour(ASKED_PER_HOUR));
    move |from| ip(from).is_some_and(|address| address.is_loopback() || asked.take(address))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn tunnels_do_not_throttle_each_other_and_others_are_bounded() {
        let allowed = outside_tunnels();
        let tunnel = "/ip4/127.0.0.1/tcp/9/ws".parse().unwrap();
        let other = "/ip4/192.0.2.1/udp/9/quic-v1".parse().unwrap();
        assert!((0..1_000).all(|_| allowed(&tunnel)));
        assert_eq!((0..1_000).filter(|_| allowed(&other)).count(), 60);
    }
}
