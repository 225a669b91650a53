use std::io;
use std::net::Ipv4Addr;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, StreamExt as _};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::upgrade::Version;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self, Codec, Message, OutboundFailure, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, Transport as _, noise, relay, tcp,
    websocket, yamux,
};

use crate::limits::TRACKER;
use crate::tracker::codec::TrackerCodec;
use crate::tracker::message::{Answer, Request};

/// A protocol that nobody speaks.
pub(crate) const LATER: &str = "/kinora/tracker/2";

#[derive(NetworkBehaviour)]
pub(crate) struct Asking {
    relay: relay::client::Behaviour,
    tracker: request_response::Behaviour<TrackerCodec>,
    raw: request_response::Behaviour<Raw>,
    later: request_response::Behaviour<Raw>,
}

/// Bytes as they are, on the tracker's protocol.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Raw;

/// What is sent, and whether the stream then stays open without another byte.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) bytes: Vec<u8>,
    pub(crate) stalls: bool,
}

impl Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Sent;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, _: &mut T) -> io::Result<Sent>
    where
        T: AsyncRead + Unpin + Send,
    {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut answer = Vec::new();
        io.read_to_end(&mut answer).await?;
        Ok(answer)
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        sent: Sent,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&sent.bytes).await?;
        io.flush().await?;
        if sent.stalls {
            futures::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
        _: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A browser, as far as a node can tell.
pub(crate) struct Browser {
    swarm: Swarm<Asking>,
    node: PeerId,
}

fn asking<C>(codec: C, protocol: &'static str) -> request_response::Behaviour<C>
where
    C: Codec<Protocol = StreamProtocol> + Clone + Send + 'static,
{
    let protocols = [(StreamProtocol::new(protocol), ProtocolSupport::Outbound)];
    request_response::Behaviour::with_codec(codec, protocols, request_response::Config::default())
}

/// Something that comes in by WebSocket (or by UDP, in programs that have that), and can be reached through the node.
pub(crate) fn connecting<B: NetworkBehaviour>(
    behaviour: impl FnOnce(relay::client::Behaviour) -> B,
) -> Swarm<B> {
    let builder = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_other_transport(|keypair| {
            let tcp = tcp::tokio::Transport::new(tcp::Config::default());
            websocket::Config::new(tcp)
                .upgrade(Version::V1Lazy)
                .authenticate(noise::Config::new(keypair).unwrap())
                .multiplex(yamux::Config::default())
                .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
        })
        .unwrap();
    #[cfg(feature = "webrtc-direct")]
    let builder = builder.with_other_transport(super::direct::dialling).unwrap();
    builder
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_, relay| behaviour(relay))
        .unwrap()
        .build()
}

impl Browser {
    /// One that is connected to a node.
    pub(crate) async fn at(address: &Multiaddr) -> Self {
        let mut swarm = Self::swarm();
        if address.iter().any(|part| part == Protocol::WebRTCDirect) {
            // Dialling goes out from a port that is listened at.
            let local = Multiaddr::from(Ipv4Addr::LOCALHOST).with(Protocol::Udp(0));
            swarm.listen_on(local.with(Protocol::WebRTCDirect)).unwrap();
        }
        swarm.dial(address.clone()).unwrap();
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                    return Self { swarm, node: peer_id };
                }
                SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
                _ => {}
            }
        }
    }

    fn swarm() -> Swarm<Asking> {
        connecting(|relay| Asking {
            relay,
            tracker: asking(TrackerCodec, TRACKER),
            raw: asking(Raw, TRACKER),
            later: asking(Raw, LATER),
        })
    }

    pub(crate) fn id(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    /// Asks the tracker.
    pub(crate) async fn ask(&mut self, request: Request) -> Result<Answer, OutboundFailure> {
        self.swarm.behaviour_mut().tracker.send_request(&self.node, request);
        loop {
            if let SwarmEvent::Behaviour(AskingEvent::Tracker(event)) =
                self.swarm.select_next_some().await
            {
                return answered(event);
            }
        }
    }

    /// Sends bytes to the tracker that may be no message.
    pub(crate) async fn send(&mut self, sent: Sent) -> Result<Vec<u8>, OutboundFailure> {
        self.swarm.behaviour_mut().raw.send_request(&self.node, sent);
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::Behaviour(AskingEvent::Raw(event)) => return answered(event),
                SwarmEvent::ConnectionClosed { cause, .. } => panic!("{cause:?}"),
                _ => {}
            }
        }
    }

    /// Asks in a version that does not exist yet.
    pub(crate) async fn ask_later(&mut self) -> Result<Vec<u8>, OutboundFailure> {
        let sent = Sent { bytes: vec![0x01, 0xa0], stalls: false };
        self.swarm.behaviour_mut().later.send_request(&self.node, sent);
        loop {
            if let SwarmEvent::Behaviour(AskingEvent::Later(event)) =
                self.swarm.select_next_some().await
            {
                return answered(event);
            }
        }
    }

    /// Asks to be reachable through the node; true if it may.
    pub(crate) async fn reserve(&mut self, address: &Multiaddr) -> bool {
        let circuit = address.clone().with(Protocol::P2pCircuit);
        self.swarm.listen_on(circuit).unwrap();
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { .. } => return true,
                SwarmEvent::ListenerClosed { .. } => return false,
                _ => {}
            }
        }
    }
}

fn answered<Q, A>(event: request_response::Event<Q, A>) -> Result<A, OutboundFailure> {
    match event {
        request_response::Event::Message {
            message: Message::Response { response, .. }, ..
        } => Ok(response),
        request_response::Event::OutboundFailure { error, .. } => Err(error),
        _ => panic!("asked instead of answered"),
    }
}
