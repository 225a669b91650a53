//! The one task that owns the Swarm.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::StreamExt as _;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::SwarmEvent;
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder, Transport as _, noise, relay, tcp, websocket, yamux,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::behaviour::{Behaviour, BehaviourEvent};
use crate::config::Config;
use crate::error::Error;
use crate::metrics::Metrics;

/// How long a peer may take to say who it is.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a connection is kept on which nothing is asked: longer than peers wait between two words to the tracker.
const IDLE: Duration = Duration::from_secs(120);

/// Streams of one connection at a time; what waits unread on each is bounded by its window.
const STREAMS_MAX: usize = 64;

/// Streams of one connection at a time whose protocol is not agreed yet.
const STREAMS_UNDECIDED_MAX: usize = 16;

/// The Swarm and what goes with it.
pub(crate) struct Task {
    swarm: Swarm<Behaviour>,
    metrics: Metrics,
    /// Where tunnels lead to.
    pub(crate) door: SocketAddr,
}

impl Task {
    /// Opens the network: a WebSocket on loopback, which tunnels lead to. `public` is where browsers are told to come.
    ///
    /// # Errors
    /// [`Error::Network`] if the system does not let it.
    pub(crate) async fn open(
        keypair: Keypair,
        config: &Config,
        public: Multiaddr,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let network = |error: &dyn std::fmt::Display| Error::Network(error.to_string());
        let mut swarm = build(keypair, config)?;
        let loopback = Multiaddr::from(Ipv4Addr::LOCALHOST);
        let loopback = loopback.with(Protocol::Tcp(0)).with(Protocol::Ws("/".into()));
        let listener = swarm.listen_on(loopback).map_err(|error| network(&error))?;
        let door = loop {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } if listener_id == listener => {
                    break door(&address)
                        .ok_or(Error::Network(format!("{address} has no port")))?;
                }
                SwarmEvent::ListenerClosed { listener_id, reason, .. }
                    if listener_id == listener =>
                {
                    return Err(Error::Network(format!("the listener on loopback: {reason:?}")));
                }
                _ => {}
            }
        };
        // Without an address the relay does not offer itself; each one more would be copied into every browser's own.
        swarm.add_external_address(public);
        Ok(Self { swarm, metrics, door })
    }

    pub(crate) fn peer_id(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    /// Takes care of peers until it is told to stop.
    pub(crate) async fn run(mut self, stopping: CancellationToken) {
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                event = self.swarm.select_next_some() => self.on(event),
            }
        }
        info!("peers are let go");
    }

    fn on(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { .. } | SwarmEvent::ConnectionClosed { .. } => {
                let connections = self.swarm.network_info().connection_counters().num_established();
                self.metrics.connections(connections);
            }
            SwarmEvent::IncomingConnectionError { error, .. } => {
                self.metrics.refused();
                debug!(%error, "a peer did not get through");
            }
            SwarmEvent::Behaviour(BehaviourEvent::Relay(event)) => self.relayed(&event),
            _ => {}
        }
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

fn build(keypair: Keypair, config: &Config) -> Result<Swarm<Behaviour>, Error> {
    let network = |error: &dyn std::fmt::Display| Error::Network(error.to_string());
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, multiplexer)
        .map_err(|error| network(&error))?
        .with_other_transport(|keypair| {
            let noise = noise::Config::new(keypair)?;
            let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
            let upgraded = websocket::Config::new(tcp)
                .upgrade(Version::V1Lazy)
                .authenticate(noise)
                .multiplex(multiplexer())
                .timeout(HANDSHAKE)
                .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
            Ok(upgraded)
        })
        .map_err(|error| network(&error))?
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

fn multiplexer() -> yamux::Config {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(STREAMS_MAX);
    config
}

/// The socket address of `/ip4/127.0.0.1/tcp/41234/ws`.
fn door(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    match (parts.next()?, parts.next()?) {
        (Protocol::Ip4(ip), Protocol::Tcp(port)) => Some((ip, port).into()),
        _ => None,
    }
}
