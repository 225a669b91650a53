use bytes::Bytes;
use futures::StreamExt as _;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self, Message, OutboundFailure, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{StreamProtocol, Swarm, relay};

use super::browser::connecting;
use super::stage::Stage;
use crate::limits::SEGMENT;
use crate::nodes::message::{Given, SegmentCodec, Wanted};

/// One who does not keep to the protocol: it gives segments through the relay.
#[derive(NetworkBehaviour)]
struct Abuser {
    relay: relay::client::Behaviour,
    segments: request_response::Behaviour<SegmentCodec>,
}

fn abuser() -> Swarm<Abuser> {
    connecting(|relay| {
        let protocols = [(StreamProtocol::new(SEGMENT), ProtocolSupport::Full)];
        let segments = request_response::Behaviour::new(protocols, Default::default());
        Abuser { relay, segments }
    })
}

/// What comes of asking for so many bytes over a circuit of the node.
async fn passed(stage: &Stage, bytes: usize) -> Result<Given, OutboundFailure> {
    let (mut giver, mut taker) = (abuser(), abuser());
    let circuit = stage.address().with(Protocol::P2pCircuit);
    giver.listen_on(circuit.clone()).unwrap();
    let id = *giver.local_peer_id();
    loop {
        tokio::select! {
            event = giver.select_next_some() => match event {
                SwarmEvent::NewListenAddr { .. } => {
                    taker.dial(circuit.clone().with(Protocol::P2p(id))).unwrap();
                }
                SwarmEvent::Behaviour(AbuserEvent::Segments(request_response::Event::Message {
                    message: Message::Request { channel, .. }, ..
                })) => {
                    let given = Given::Bytes(Bytes::from(vec![7; bytes]));
                    giver.behaviour_mut().segments.send_response(channel, given).unwrap();
                }
                _ => {}
            },
            event = taker.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { peer_id, .. } if peer_id == id => {
                    taker.behaviour_mut().segments.send_request(&id, Wanted([7; 32]));
                }
                SwarmEvent::Behaviour(AbuserEvent::Segments(event)) => match event {
                    request_response::Event::Message {
                        message: Message::Response { response, .. }, ..
                    } => return Ok(response),
                    request_response::Event::OutboundFailure { error, .. } => return Err(error),
                    _ => {}
                },
                _ => {}
            },
        }
    }
}

#[tokio::test]
async fn media_does_not_pass_through_the_relay() {
    let stage = Stage::new().await;
    let little = passed(&stage, 10_000).await.unwrap();
    assert!(matches!(little, Given::Bytes(bytes) if bytes.len() == 10_000));
    let error = passed(&stage, 200_000).await.unwrap_err();
    assert!(!matches!(error, OutboundFailure::Timeout), "it is cut at once: {error}");
    stage.workers.stop().await;
}
