//! What nodes and seeds do with each other, put together.

use std::time::Duration;

use libp2p::allow_block_list::BlockedPeers;
use libp2p::identity::Keypair;
use libp2p::kad::store::{MemoryStore, MemoryStoreConfig};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{
    PeerId, StreamProtocol, allow_block_list, autonat, dcutr, identify, kad,
    memory_connection_limits, ping, relay,
};

use super::Role;
use super::message::SegmentCodec;
use crate::admission::Admission;
use crate::behaviour::{AGENT, FAMILY, MEMORY_SHARE, circuits};
use crate::config::Config;
use crate::limits::{KAD, SEGMENT};

/// How long a peer may take to be asked for a segment and to give all of it: one byte a second does not do.
const SEGMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// Segments that one connection may be asked for at a time.
const STREAMS_MAX: usize = 4;

/// Connections that others open, at a time.
const CONNECTIONS_MAX: u32 = 256;

/// Videos that one node or seed provides.
pub(crate) const PROVIDED_MAX: usize = 16_384;

/// How often it is said again who provides what, and when it is forgotten.
const PROVIDE_EVERY: Duration = Duration::from_mins(30);
const PROVIDED_FOR: Duration = Duration::from_hours(3);

/// What nodes and seeds do with each other.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    admission: Admission,
    memory: memory_connection_limits::Behaviour,
    pub(crate) blocked: allow_block_list::Behaviour<BlockedPeers>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    /// Helps others to be reached.
    relay: Toggle<relay::Behaviour>,
    /// Is reached through others, and reaches others so.
    client: relay::client::Behaviour,
    /// Finds the direct way once two have met through a third.
    holes: dcutr::Behaviour,
    /// Tells others whether they can be reached.
    reachable: Toggle<autonat::v2::server::Behaviour>,
    /// Asks whether it can be reached itself.
    reached: Toggle<autonat::v2::client::Behaviour>,
    pub(crate) records: kad::Behaviour<MemoryStore>,
    pub(crate) segments: request_response::Behaviour<SegmentCodec>,
}

impl Behaviour {
    pub(crate) fn new(keypair: &Keypair, role: &Role, client: relay::client::Behaviour) -> Self {
        let id = keypair.public().to_peer_id();
        let identify = identify::Config::new(FAMILY.to_owned(), keypair.public())
            .with_agent_version(AGENT.to_owned())
            .with_cache_size(0)
            .with_hide_listen_addrs(true);
        let is_node = matches!(role, Role::Node { .. });
        Self {
            admission: Admission::new(CONNECTIONS_MAX),
            memory: memory_connection_limits::Behaviour::with_max_percentage(MEMORY_SHARE),
            blocked: allow_block_list::Behaviour::default(),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::default(),
            relay: is_node.then(|| relay::Behaviour::new(id, circuits(&Config::default()))).into(),
            client,
            holes: dcutr::Behaviour::new(id),
            reachable: is_node.then(autonat::v2::server::Behaviour::default).into(),
            reached: (!is_node).then(autonat::v2::client::Behaviour::default).into(),
            records: records(id, is_node),
            segments: segments(),
        }
    }
}

fn segments() -> request_response::Behaviour<SegmentCodec> {
    let limits = request_response::Config::default()
        .with_request_timeout(SEGMENT_TIMEOUT)
        .with_max_concurrent_streams(STREAMS_MAX);
    let protocols = [(StreamProtocol::new(SEGMENT), ProtocolSupport::Full)];
    request_response::Behaviour::new(protocols, limits)
}

/// Records of who provides which manifest, and nothing else: values of others are not kept.
fn records(id: PeerId, is_node: bool) -> kad::Behaviour<MemoryStore> {
    let bounds = MemoryStoreConfig {
        max_records: 0,
        max_value_bytes: 0,
        max_provided_keys: PROVIDED_MAX,
        ..MemoryStoreConfig::default()
    };
    let mut config = kad::Config::new(StreamProtocol::new(KAD));
    config
        .set_provider_publication_interval(Some(PROVIDE_EVERY))
        .set_provider_record_ttl(Some(PROVIDED_FOR))
        .set_query_timeout(Duration::from_secs(15));
    let mut records = kad::Behaviour::with_config(id, MemoryStore::with_config(id, bounds), config);
    records.set_mode(Some(if is_node { kad::Mode::Server } else { kad::Mode::Client }));
    records
}
