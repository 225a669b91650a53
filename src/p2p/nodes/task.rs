//! The one task that owns the Swarm of nodes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use libp2p::identity::Keypair;
use libp2p::kad::store::RecordStore as _;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{
    self, InboundRequestId, Message, OutboundRequestId, ResponseChannel,
};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, identify, kad, relay};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{debug, info};

use super::behaviour::{Behaviour, BehaviourEvent, PROVIDED_MAX};
use super::message::{Given, Wanted};
use super::pace::Pace;
use super::{Command, Role, Settings, Source, transport};
use crate::error::Error;
use crate::limits::KAD;
use crate::metrics::NodeMetrics;

/// How long a peer may take to be connected to before it is not asked.
const CONNECT_WAIT: Duration = Duration::from_secs(15);

/// How long a connection is kept on which nothing is asked.
const IDLE: Duration = Duration::from_secs(120);

/// How often is looked after what takes too long, and what is due.
const TICK: Duration = Duration::from_secs(1);

/// How often nodes are met again that are not connected.
const MEET_EVERY: Duration = Duration::from_mins(2);

/// Provider records that are made in one tick.
const PROVIDED_PER_TICK: usize = 20;

/// How long it is known who provides a manifest.
const FOUND_FOR: Duration = Duration::from_mins(1);

/// Manifests of which is known who provides them.
const FOUND_MAX: usize = 256;

/// Providers of one manifest that are remembered.
const PROVIDERS_MAX: usize = 16;

/// Nodes that a seed can be reached through.
const RELAYS_MAX: usize = 3;

/// Peers that are remembered to have given wrong bytes.
const BANNED_MAX: usize = 10_000;

/// Addresses of one peer that are believed.
const ADDRESSES_MAX: usize = 8;

/// Segments that are looked up at a time for those who asked.
const ASKED_MAX: usize = 32;

/// A unit of what is held, in bytes.
const HELD_UNIT: u64 = 1024;

/// Something that was asked for, looked up.
struct LookedUp {
    request: InboundRequestId,
    channel: ResponseChannel<Given>,
    given: Given,
    held: Option<OwnedSemaphorePermit>,
}

/// Somebody waits for bytes with this SHA-256.
struct Waiting {
    sha256: [u8; 32],
    answer: oneshot::Sender<Option<Bytes>>,
    until: Instant,
}

/// Who provides a manifest, as far as is known.
struct Found {
    providers: Vec<PeerId>,
    /// When it was asked; `None` while it is.
    at: Option<Instant>,
    waiting: Vec<oneshot::Sender<Vec<PeerId>>>,
}

/// Connections to a peer.
#[derive(Default)]
struct Connected {
    direct: usize,
    relayed: Vec<ConnectionId>,
}

/// The Swarm of nodes and what goes with it.
pub(crate) struct Task {
    swarm: Swarm<Behaviour>,
    seed: bool,
    source: Arc<dyn Source>,
    told: mpsc::Receiver<Command>,
    metrics: NodeMetrics,
    pace: Arc<Pace>,
    held: Arc<Semaphore>,
    looked_up: JoinSet<LookedUp>,
    /// What is given now, with the memory that it takes.
    giving: HashMap<InboundRequestId, (u64, Option<OwnedSemaphorePermit>)>,
    asking: HashMap<OutboundRequestId, oneshot::Sender<Option<Bytes>>>,
    waiting: HashMap<PeerId, Vec<Waiting>>,
    found: HashMap<[u8; 32], Found>,
    searches: HashMap<kad::QueryId, [u8; 32]>,
    connected: HashMap<PeerId, Connected>,
    /// Nodes that everybody reaches, with where.
    nodes: HashMap<PeerId, Vec<Multiaddr>>,
    met: Vec<Multiaddr>,
    meet_at: Instant,
    /// Nodes through which this seed can be reached, by listener.
    relays: HashMap<libp2p::core::transport::ListenerId, PeerId>,
    banned: HashSet<PeerId>,
    provided: HashSet<[u8; 32]>,
    to_provide: VecDeque<[u8; 32]>,
}

impl Task {
    pub(crate) fn open(
        keypair: &Keypair,
        settings: Settings,
        source: Arc<dyn Source>,
        told: mpsc::Receiver<Command>,
        metrics: NodeMetrics,
    ) -> Result<Self, Error> {
        let network = |error: &dyn std::fmt::Display| Error::Network(error.to_string());
        let (transport, client) = transport::open(keypair, settings.private_addresses)?;
        let behaviour = Behaviour::new(keypair, &settings.role, client);
        let config =
            libp2p::swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
        let id = keypair.public().to_peer_id();
        let mut swarm = Swarm::new(transport, behaviour, id, config);
        for ip in ["/ip4/0.0.0.0", "/ip6/::"] {
            let any: Multiaddr = ip.parse().map_err(|error| network(&error))?;
            let quic = any.clone().with(Protocol::Udp(settings.port)).with(Protocol::QuicV1);
            let tcp = any.with(Protocol::Tcp(settings.port));
            for address in [quic, tcp] {
                match swarm.listen_on(address.clone()) {
                    Ok(_) => {}
                    // Not every machine has both kinds of addresses.
                    Err(error) if ip.starts_with("/ip6") => debug!(%error, %address, "not there"),
                    Err(error) => return Err(network(&format!("{address}: {error}"))),
                }
            }
        }
        let seed = matches!(settings.role, Role::Seed);
        if let Role::Node { public } = settings.role {
            public.into_iter().for_each(|address| swarm.add_external_address(address));
        }
        Ok(Self {
            swarm,
            seed,
            source,
            told,
            metrics,
            pace: Arc::new(Pace::new(settings.bytes_per_s)),
            held: Arc::new(Semaphore::new(
                usize::try_from(u64::from(settings.held_bytes) / HELD_UNIT).unwrap_or(0),
            )),
            looked_up: JoinSet::new(),
            giving: HashMap::new(),
            asking: HashMap::new(),
            waiting: HashMap::new(),
            found: HashMap::new(),
            searches: HashMap::new(),
            connected: HashMap::new(),
            nodes: HashMap::new(),
            met: Vec::new(),
            meet_at: Instant::now(),
            relays: HashMap::new(),
            banned: HashSet::new(),
            provided: HashSet::new(),
            to_provide: VecDeque::new(),
        })
    }

    /// Takes care of nodes, for ever.
    pub(crate) async fn go_on(&mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told_all = false;
        loop {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on(event),
                command = self.told.recv(), if !told_all => match command {
                    Some(command) => self.obey(command),
                    None => told_all = true,
                },
                Some(looked_up) = self.looked_up.join_next() => {
                    // What panicked is answered by its timeout.
                    if let Ok(looked_up) = looked_up {
                        self.give(looked_up);
                    }
                }
                _ = tick.tick() => self.tick(),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Meet(addresses) => {
                for address in addresses {
                    if !self.met.contains(&address) {
                        self.met.push(address);
                    }
                }
                self.meet();
            }
            Command::Provide(manifest) => {
                if self.provided.len() < PROVIDED_MAX && self.provided.insert(manifest) {
                    self.to_provide.push_back(manifest);
                }
            }
            Command::Withdraw(manifest) => {
                self.provided.remove(&manifest);
                self.swarm.behaviour_mut().records.stop_providing(&key(&manifest));
            }
            Command::Find { manifest, answer } => self.find(manifest, answer),
            Command::Get { peer, sha256, answer } => {
                let until = Instant::now() + CONNECT_WAIT;
                self.get(peer, Waiting { sha256, answer, until });
            }
            Command::Ban(peer) => {
                if self.banned.len() < BANNED_MAX {
                    self.banned.insert(peer);
                    self.swarm.behaviour_mut().blocked.block_peer(peer);
                }
                self.found.values_mut().for_each(|found| found.providers.retain(|it| *it != peer));
                self.metrics.banned();
            }
        }
    }

    /// Connects to nodes that are to be met and are not connected.
    fn meet(&mut self) {
        self.meet_at = Instant::now() + MEET_EVERY;
        let mut by_peer: HashMap<PeerId, Vec<Multiaddr>> = HashMap::new();
        for address in &self.met {
            if let Some(Protocol::P2p(peer)) = address.iter().last() {
                by_peer.entry(peer).or_default().push(address.clone());
            }
        }
        for (peer, addresses) in by_peer {
            if peer == *self.swarm.local_peer_id() || self.is_direct(&peer) {
                continue;
            }
            for address in &addresses {
                self.swarm.behaviour_mut().records.add_address(&peer, address.clone());
            }
            self.dial(peer, addresses);
        }
    }

    fn dial(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        let options = DialOpts::peer_id(peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(addresses)
            .extend_addresses_through_behaviour()
            .build();
        if let Err(error) = self.swarm.dial(options) {
            debug!(%peer, %error, "a node is not dialled");
        }
    }

    fn is_direct(&self, peer: &PeerId) -> bool {
        self.connected.get(peer).is_some_and(|it| it.direct > 0)
    }

    fn find(&mut self, manifest: [u8; 32], answer: oneshot::Sender<Vec<PeerId>>) {
        let now = Instant::now();
        if self.found.len() >= FOUND_MAX {
            self.found.retain(|_, it| it.at.is_none_or(|at| at + FOUND_FOR > now));
        }
        if let Some(found) = self.found.get_mut(&manifest) {
            match found.at {
                None => return found.waiting.push(answer),
                Some(at) if at + FOUND_FOR > now && !found.providers.is_empty() => {
                    // Whoever asked may be gone by now.
                    let _ = answer.send(found.providers.clone());
                    return;
                }
                Some(_) => {}
            }
        } else if self.found.len() >= FOUND_MAX {
            return;
        }
        // Records that this node keeps for others have addresses, which a search does not tell.
        let records = &mut self.swarm.behaviour_mut().records;
        let known = records.store_mut().providers(&key(&manifest));
        let query = records.get_providers(key(&manifest));
        for record in known {
            for address in record.addresses.into_iter().take(ADDRESSES_MAX) {
                self.swarm.add_peer_address(record.provider, address);
            }
        }
        self.searches.insert(query, manifest);
        let found = Found { providers: Vec::new(), at: None, waiting: vec![answer] };
        self.found.insert(manifest, found);
    }

    fn searched(&mut self, query: kad::QueryId, result: kad::GetProvidersResult, last: bool) {
        let Some(manifest) = self.searches.get(&query).copied() else { return };
        let Some(found) = self.found.get_mut(&manifest) else { return };
        if let Ok(kad::GetProvidersOk::FoundProviders { providers, .. }) = result {
            for peer in providers {
                let new = !found.providers.contains(&peer) && !self.banned.contains(&peer);
                if new && found.providers.len() < PROVIDERS_MAX {
                    found.providers.push(peer);
                }
            }
        }
        if last {
            self.searches.remove(&query);
            found.at = Some(Instant::now());
            for answer in found.waiting.drain(..) {
                let _ = answer.send(found.providers.clone());
            }
        }
    }

    /// Asks a peer, as soon as there is a direct way to it: relays do not carry media.
    fn get(&mut self, peer: PeerId, waiting: Waiting) {
        if self.is_direct(&peer) {
            self.send(&peer, waiting);
            return;
        }
        // A seed may be behind a router, and be reached through any node.
        let through = |(node, addresses): (&PeerId, &Vec<Multiaddr>)| {
            let address = addresses.first()?.clone().with_p2p(*node).ok()?;
            Some(address.with(Protocol::P2pCircuit).with(Protocol::P2p(peer)))
        };
        let ways = self.nodes.iter().filter(|(node, _)| **node != peer).filter_map(through);
        let ways = ways.take(ADDRESSES_MAX).collect();
        self.waiting.entry(peer).or_default().push(waiting);
        self.dial(peer, ways);
    }

    fn send(&mut self, peer: &PeerId, waiting: Waiting) {
        let wanted = Wanted(waiting.sha256);
        let request = self.swarm.behaviour_mut().segments.send_request(peer, wanted);
        self.asking.insert(request, waiting.answer);
    }

    fn tick(&mut self) {
        let now = Instant::now();
        for waiting in self.waiting.values_mut() {
            waiting.retain(|it| it.until > now && !it.answer.is_closed());
        }
        self.waiting.retain(|_, waiting| !waiting.is_empty());
        if self.meet_at <= now {
            self.meet();
        }
        if self.nodes.is_empty() {
            return;
        }
        for _ in 0..PROVIDED_PER_TICK {
            let Some(manifest) = self.to_provide.pop_front() else { break };
            if !self.provided.contains(&manifest) {
                continue;
            }
            let provided = self.swarm.behaviour_mut().records.start_providing(key(&manifest));
            if let Err(error) = provided {
                debug!(%error, "a manifest is not provided");
            }
        }
    }

    fn on(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let connected = self.connected.entry(peer_id).or_default();
                if endpoint.is_relayed() {
                    connected.relayed.push(connection_id);
                } else {
                    connected.direct = connected.direct.saturating_add(1);
                    // Requests must not take the way that is cut off after a few kilobytes.
                    for relayed in std::mem::take(&mut connected.relayed) {
                        self.swarm.close_connection(relayed);
                    }
                    for waiting in self.waiting.remove(&peer_id).unwrap_or_default() {
                        self.send(&peer_id, waiting);
                    }
                }
                self.metrics.connected(self.connected.len());
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                endpoint,
                num_established,
                ..
            } => {
                if let Some(connected) = self.connected.get_mut(&peer_id) {
                    if endpoint.is_relayed() {
                        connected.relayed.retain(|it| *it != connection_id);
                    } else {
                        connected.direct = connected.direct.saturating_sub(1);
                    }
                }
                if num_established == 0 {
                    self.connected.remove(&peer_id);
                    self.nodes.remove(&peer_id);
                }
                self.metrics.connected(self.connected.len());
            }
            SwarmEvent::ListenerClosed { listener_id, .. } => {
                self.relays.remove(&listener_id);
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                debug!(peer = ?peer_id, %error, "a peer is not reached");
                // Whoever waits for a peer that is not coming asks another.
                if let Some(peer) = peer_id.filter(|peer| !self.connected.contains_key(peer)) {
                    self.waiting.remove(&peer);
                }
            }
            SwarmEvent::Behaviour(event) => self.happened(event),
            _ => {}
        }
    }

    fn happened(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                self.known(peer_id, info);
            }
            BehaviourEvent::Client(relay::client::Event::ReservationReqAccepted {
                relay_peer_id,
                renewal: false,
                ..
            }) => info!(node = %relay_peer_id, "can be reached through a node"),
            BehaviourEvent::Records(kad::Event::OutboundQueryProgressed {
                id,
                result: kad::QueryResult::GetProviders(result),
                step,
                ..
            }) => self.searched(id, result, step.last),
            BehaviourEvent::Segments(event) => self.exchanged(event),
            _ => {}
        }
    }

    /// A peer said who it is.
    fn known(&mut self, peer: PeerId, info: identify::Info) {
        let has = |name: &str| info.protocols.iter().any(|it| it.as_ref() == name);
        if !has(KAD) {
            return;
        }
        let direct = |it: &Multiaddr| {
            !it.iter().any(|part| {
                matches!(part, Protocol::P2pCircuit | Protocol::Ws(_) | Protocol::Wss(_))
            })
        };
        let addresses: Vec<_> =
            info.listen_addrs.into_iter().filter(direct).take(ADDRESSES_MAX).collect();
        let Some(first) = addresses.first().cloned() else { return };
        for address in &addresses {
            self.swarm.behaviour_mut().records.add_address(&peer, address.clone());
        }
        let reached = self.relays.values().any(|relay| *relay == peer);
        if self.seed && !reached && self.relays.len() < RELAYS_MAX {
            let through = first.with_p2p(peer).map(|it| it.with(Protocol::P2pCircuit));
            if let Ok(listener) =
                through.map_err(drop).and_then(|it| self.swarm.listen_on(it).map_err(drop))
            {
                self.relays.insert(listener, peer);
            }
        }
        if self.nodes.insert(peer, addresses).is_none() {
            // The new node may be the one to keep the records.
            let waiting: HashSet<_> = self.to_provide.drain(..).collect();
            self.to_provide.extend(self.provided.iter().chain(&waiting).collect::<HashSet<_>>());
            // Without a node there is nobody to ask; there is one now.
            let _ = self.swarm.behaviour_mut().records.bootstrap();
        }
    }

    fn exchanged(&mut self, event: request_response::Event<Wanted, Given>) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                Message::Request { request_id, request, channel } => {
                    self.look_up(request_id, request, channel);
                }
                Message::Response { request_id, response } => {
                    let Some(answer) = self.asking.remove(&request_id) else { return };
                    let bytes = match response {
                        Given::Bytes(bytes) => Some(bytes),
                        other => {
                            debug!(%peer, ?other, "a peer gives nothing");
                            None
                        }
                    };
                    self.metrics.taken(bytes.as_ref().map_or(0, Bytes::len));
                    let _ = answer.send(bytes);
                }
            },
            request_response::Event::OutboundFailure { peer, request_id, error, .. } => {
                debug!(%peer, %error, "a peer did not give what it was asked for");
                self.asking.remove(&request_id);
            }
            request_response::Event::ResponseSent { request_id, .. } => {
                if let Some((bytes, _held)) = self.giving.remove(&request_id) {
                    self.metrics.given(bytes);
                }
            }
            request_response::Event::InboundFailure { request_id, error, .. } => {
                debug!(%error, "somebody did not take what they asked for");
                self.giving.remove(&request_id);
            }
        }
    }

    /// Looks up what somebody asked for; memory for it is set aside first, and its turn is waited for.
    fn look_up(
        &mut self,
        request: InboundRequestId,
        Wanted(sha256): Wanted,
        channel: ResponseChannel<Given>,
    ) {
        if self.looked_up.len() >= ASKED_MAX {
            self.give(LookedUp { request, channel, given: Given::Busy, held: None });
            return;
        }
        let (source, all) = (Arc::clone(&self.source), Arc::clone(&self.held));
        let pace = Arc::clone(&self.pace);
        self.looked_up.spawn(async move {
            let mut held = None;
            let given = 'given: {
                let Some(size) = source.size(&sha256).await else { break 'given Given::NotFound };
                let units = u32::try_from(size.div_ceil(HELD_UNIT)).unwrap_or(u32::MAX);
                held = all.try_acquire_many_owned(units).ok();
                if held.is_none() {
                    break 'given Given::Busy;
                }
                tokio::time::sleep_until(pace.turn(size)).await;
                source.bytes(&sha256).await.map_or(Given::NotFound, Given::Bytes)
            };
            LookedUp { request, channel, given, held }
        });
    }

    fn give(&mut self, LookedUp { request, channel, given, held }: LookedUp) {
        if let Given::Bytes(bytes) = &given {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.giving.insert(request, (length, held));
        }
        if self.swarm.behaviour_mut().segments.send_response(channel, given).is_err() {
            // They are gone.
            self.giving.remove(&request);
        }
    }
}

/// What the record of a manifest is kept under: the multihash of its SHA-256.
fn key(manifest: &[u8; 32]) -> kad::RecordKey {
    kad::RecordKey::new(&[&[0x12, 0x20], manifest.as_slice()].concat())
}
