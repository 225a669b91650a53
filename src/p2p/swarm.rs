//! The one task that owns the Swarm.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use kinora_model::video::Video;
use kinora_service::{Service, manifest};
use kinora_store::tables::video_by_uuid;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self, Message, ResponseChannel};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, Swarm, SwarmBuilder, noise, relay, tcp, websocket};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::behaviour::{Behaviour, BehaviourEvent};
use crate::config::Config;
use crate::direct::UdpDoor;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::secured::{HANDSHAKE, multiplexer, secured};
use crate::swarm_id::SwarmId;
use crate::tracker::message::{Answer, Refusal, Request};
use crate::tracker::{STAY, Tracker};

/// How long a connection is kept on which nothing is asked: longer than peers wait between two words to the tracker.
const IDLE: Duration = Duration::from_secs(120);

/// Streams of one connection at a time whose protocol is not agreed yet.
const STREAMS_UNDECIDED_MAX: usize = 16;

/// Questions to the tracker that wait for the store at a time.
const ASKED_MAX: usize = 64;

/// How often those who left without a word are looked for.
const SWEEP: Duration = Duration::from_secs(30);

/// The node whose videos are shared.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// Its videos.
    pub(crate) service: Arc<Service>,
    /// Its public host, with the port unless it is the scheme's own.
    pub(crate) host: String,
}

/// A question to the tracker that was looked into.
struct Asked {
    peer: PeerId,
    request: Request,
    channel: ResponseChannel<Answer>,
    /// Whether the video has the swarm that was asked for.
    shared: bool,
}

/// The Swarm and what goes with it.
pub(crate) struct Task {
    swarm: Swarm<Behaviour>,
    metrics: Metrics,
    home: Home,
    tracker: Tracker,
    asked: JoinSet<Asked>,
    /// Where tunnels lead to.
    pub(crate) door: SocketAddr,
    /// Where browsers come in by UDP, if they do.
    pub(crate) direct: Option<Multiaddr>,
}

impl Task {
    /// Opens the network: a WebSocket on loopback, which tunnels lead to, and a port of UDP if one is wanted. `public` is
    /// where browsers are told to come.
    ///
    /// # Errors
    /// [`Error::Network`] if the system does not let it.
    pub(crate) async fn open(
        keypair: Keypair,
        config: &Config,
        public: Multiaddr,
        home: Home,
        metrics: Metrics,
        direct: Option<&UdpDoor>,
    ) -> Result<Self, Error> {
        let mut swarm = build(keypair, config, direct)?;
        let loopback = Multiaddr::from(Ipv4Addr::LOCALHOST);
        let loopback = loopback.with(Protocol::Tcp(0)).with(Protocol::Ws("/".into()));
        let address = listen(&mut swarm, loopback).await?;
        let door = door(&address).ok_or(Error::Network(format!("{address} has no port")))?;
        let direct = match direct {
            Some(direct) => Some(listen(&mut swarm, direct.local()).await?),
            None => None,
        };
        // Without an address the relay does not offer itself; each one more would be copied into every browser's own.
        swarm.add_external_address(public);
        let tracker = Tracker::new(StdRng::from_rng(&mut rand::rng()));
        Ok(Self { swarm, metrics, home, tracker, asked: JoinSet::new(), door, direct })
    }

    pub(crate) fn peer_id(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    /// Takes care of peers until it is told to stop.
    pub(crate) async fn run(mut self, stopping: CancellationToken) {
        let mut sweep = tokio::time::interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                event = self.swarm.select_next_some() => self.on(event),
                Some(asked) = self.asked.join_next() => {
                    // A question that panicked is answered by its timeout.
                    if let Ok(asked) = asked {
                        self.answer(asked);
                    }
                }
                _ = sweep.tick() => {
                    self.tracker.sweep(Instant::now());
                    self.count_members();
                }
            }
        }
        info!("peers are let go");
    }

    fn on(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                self.tracker.leave(&peer_id);
                self.count_connections();
                self.count_members();
            }
            SwarmEvent::ConnectionEstablished { .. } | SwarmEvent::ConnectionClosed { .. } => {
                self.count_connections();
            }
            SwarmEvent::IncomingConnectionError { error, .. } => {
                self.metrics.refused();
                debug!(%error, "a peer did not get through");
            }
            SwarmEvent::Behaviour(BehaviourEvent::Relay(event)) => self.relayed(&event),
            SwarmEvent::Behaviour(BehaviourEvent::Tracker(event)) => self.tracked(event),
            _ => {}
        }
    }

    fn tracked(&mut self, event: request_response::Event<Request, Answer>) {
        match event {
            request_response::Event::Message {
                peer,
                message: Message::Request { request, channel, .. },
                ..
            } => self.ask(peer, request, channel),
            request_response::Event::InboundFailure { error, .. } => {
                self.metrics.tracked("broken");
                debug!(%error, "a question to the tracker came to nothing");
            }
            _ => {}
        }
    }

    /// Looks into a question; the answer comes when the store has said whether the video is shared.
    fn ask(&mut self, peer: PeerId, request: Request, channel: ResponseChannel<Answer>) {
        if self.asked.len() >= ASKED_MAX {
            self.send(channel, Answer::Refused(Refusal::Busy));
            return;
        }
        let home = self.home.clone();
        self.asked.spawn(async move {
            let shared = home.shares(&request).await;
            Asked { peer, request, channel, shared }
        });
    }

    fn answer(&mut self, asked: Asked) {
        let Asked { peer, request, channel, shared } = asked;
        // Whoever left meanwhile must not be entered: nothing would take them out again.
        if !shared || !self.swarm.is_connected(&peer) {
            self.send(channel, Answer::Refused(Refusal::NoSwarm));
            return;
        }
        for liar in &request.liars {
            self.tracker.accuse(peer, *liar, request.swarm);
        }
        let others = self.tracker.enter(peer, request.swarm, request.want, Instant::now());
        let watchers = u64::try_from(others.watchers).unwrap_or(u64::MAX);
        self.count_members();
        self.send(channel, Answer::Peers { peers: others.peers, ttl_s: STAY.as_secs(), watchers });
    }

    fn send(&mut self, channel: ResponseChannel<Answer>, answer: Answer) {
        self.metrics.tracked(match answer {
            Answer::Peers { .. } => "answered",
            Answer::Refused(Refusal::NoSwarm) => "no_swarm",
            Answer::Refused(Refusal::Busy) => "busy",
        });
        // Who asked may be gone.
        let _gone = self.swarm.behaviour_mut().tracker.send_response(channel, answer);
    }

    fn count_connections(&self) {
        let connections = self.swarm.network_info().connection_counters().num_established();
        self.metrics.connections(connections);
    }

    fn count_members(&self) {
        let (swarms, members) = self.tracker.counts();
        self.metrics.members(swarms, members);
    }

    fn relayed(&mut self, event: &relay::Event) {
        match event {
            relay::Event::ReservationReqAccepted { renewed: false, .. } => {
                self.metrics.reservation("accepted");
            }
            relay::Event::ReservationReqDenied { .. } => self.metrics.reservation("denied"),
            relay::Event::CircuitReqAccepted { .. } => self.metrics.circuit("accepted"),
            relay::Event::CircuitReqDenied { .. } => self.metrics.circuit("denied"),
            _ => {}
        }
    }
}

impl Home {
    /// Whether a video may be shared, and in this swarm.
    async fn shares(&self, request: &Request) -> bool {
        if SwarmId::of(&self.host, request.video) != request.swarm {
            return false;
        }
        self.is_shared(request.video).await.unwrap_or_else(|error| {
            warn!(%error, "the store does not say whether a video is shared");
            false
        })
    }

    async fn is_shared(&self, uuid: Uuid) -> Result<bool, kinora_service::Error> {
        match self.service.store.find::<Video>(&video_by_uuid(uuid)).await? {
            Some(video) => manifest::is_shared(&self.service, &video).await,
            None => Ok(false),
        }
    }
}

/// Listens at an address; answers what it is in full.
async fn listen(swarm: &mut Swarm<Behaviour>, wanted: Multiaddr) -> Result<Multiaddr, Error> {
    let unusable = |why: String| Error::Network(format!("{wanted}: {why}"));
    let listener = swarm.listen_on(wanted.clone()).map_err(|error| unusable(error.to_string()))?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { listener_id, address } if listener_id == listener => {
                return Ok(address);
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } if listener_id == listener => {
                return Err(unusable(format!("{reason:?}")));
            }
            _ => {}
        }
    }
}

#[cfg_attr(
    not(feature = "webrtc-direct"),
    expect(unused_variables, reason = "there is no such door")
)]
fn build(
    keypair: Keypair,
    config: &Config,
    direct: Option<&UdpDoor>,
) -> Result<Swarm<Behaviour>, Error> {
    let network = |error: &dyn std::fmt::Display| Error::Network(error.to_string());
    #[cfg(feature = "webrtc-direct")]
    let udp = crate::direct::transport(&keypair, direct)?;
    let builder = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, multiplexer)
        .map_err(|error| network(&error))?
        .with_other_transport(|keypair| {
            let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
            Ok(secured(websocket::Config::new(tcp), keypair)?)
        })
        .map_err(|error| network(&error))?;
    #[cfg(feature = "webrtc-direct")]
    let builder = builder.with_other_transport(|_| udp).map_err(|error| network(&error))?;
    let swarm = builder
        .with_behaviour(|keypair| Behaviour::new(keypair, config))
        .map_err(|error| network(&error))?
        .with_swarm_config(|swarm| {
            swarm
                .with_idle_connection_timeout(IDLE)
                .with_max_negotiating_inbound_streams(STREAMS_UNDECIDED_MAX)
        })
        .with_connection_timeout(HANDSHAKE)
        .build();
    Ok(swarm)
}

/// The socket address of `/ip4/127.0.0.1/tcp/41234/ws`.
fn door(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    match (parts.next()?, parts.next()?) {
        (Protocol::Ip4(ip), Protocol::Tcp(port)) => Some((ip, port).into()),
        _ => None,
    }
}
