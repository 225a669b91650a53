#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use futures::StreamExt as _;
use kinora_p2p::{Config, Peers, Workers};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, SwarmBuilder, identify, noise, ping, relay, tcp, yamux};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use url::Url;

use crate::stage::Stage;

/// A node that answers on a port.
struct Running {
    peers: Arc<Peers>,
    sharing: Workers,
    url: Url,
    served: JoinHandle<std::io::Result<()>>,
    stop: oneshot::Sender<()>,
    _stage: Stage,
}

impl Running {
    async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (stage, sharing) = Stage::sharing(config, &url).await;
        let app = stage.app.clone().into_inner();
        let peers = Arc::clone(app.peers.as_ref().unwrap());
        let (stop, stopped) = oneshot::channel();
        // Handlers stay on their own threads, and so does what answers.
        let served = std::thread::spawn(|| {
            let stop = async {
                let _dropped = stopped.await;
            };
            actix_web::rt::System::new().block_on(crate::serve(app, listener, stop))
        });
        Self { peers, sharing, url, served, stop, _stage: stage }
    }

    fn address(&self) -> Multiaddr {
        self.peers.addresses().first().unwrap().parse().unwrap()
    }

    async fn connect(&self) -> TcpStream {
        let (host, port) = (self.url.host_str().unwrap(), self.url.port().unwrap());
        TcpStream::connect((host, port)).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::task::spawn_blocking(|| self.served.join().unwrap().unwrap()).await.unwrap();
        self.sharing.stop().await;
    }
}

/// What a browser does with a node.
#[derive(NetworkBehaviour)]
struct Browser {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    relay: relay::client::Behaviour,
}

async fn browser() -> Swarm<Browser> {
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_dns()
        .unwrap()
        .with_websocket(noise::Config::new, yamux::Config::default)
        .await
        .unwrap()
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|keypair, relay| Browser {
            identify: identify::Behaviour::new(identify::Config::new(
                "test/1".to_owned(),
                keypair.public(),
            )),
            ping: ping::Behaviour::default(),
            relay,
        })
        .unwrap()
        .build()
}

/// What happened to a browser so far.
#[derive(Debug, Default)]
struct Seen {
    protocols: Vec<String>,
    pinged: bool,
    reserved: bool,
    listening: Option<Multiaddr>,
}

#[tokio::test]
async fn a_browser_reaches_the_relay_through_the_web_server() {
    let node = Running::start(Config { stun_port: 0, port: 0, ..Config::default() }).await;
    let mut browser = browser().await;
    let circuit = node.address().with(Protocol::P2pCircuit);
    browser.listen_on(circuit.clone()).unwrap();
    let mut seen = Seen::default();
    while seen.protocols.is_empty() || !seen.pinged || !seen.reserved || seen.listening.is_none() {
        match browser.select_next_some().await {
            SwarmEvent::Behaviour(BrowserEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => {
                assert_eq!(peer_id.to_string(), node.peers.id());
                assert!(info.agent_version.starts_with("kinora/"), "{info:?}");
                assert!(!info.listen_addrs.iter().any(|it| it.to_string().contains("/tcp/0")));
                seen.protocols = info.protocols.iter().map(ToString::to_string).collect();
            }
            SwarmEvent::Behaviour(BrowserEvent::Ping(event)) => {
                event.result.unwrap();
                seen.pinged = true;
            }
            SwarmEvent::Behaviour(BrowserEvent::Relay(
                relay::client::Event::ReservationReqAccepted { limit, .. },
            )) => {
                let limit = limit.unwrap();
                assert_eq!(limit.data_in_bytes(), Some(64 * 1024));
                assert_eq!(limit.duration(), Some(Duration::from_secs(60)));
                seen.reserved = true;
            }
            SwarmEvent::NewListenAddr { address, .. } => seen.listening = Some(address),
            SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
            SwarmEvent::ListenerClosed { reason, .. } => panic!("{reason:?}"),
            _ => {}
        }
    }
    assert!(seen.protocols.iter().any(|it| it == "/libp2p/circuit/relay/0.2.0/hop"), "{seen:?}");
    let me = *browser.local_peer_id();
    assert_eq!(seen.listening, Some(circuit.with(Protocol::P2p(me))));
    assert_eq!(node.peers.tunnels(), 1);
    node.stop().await;
    // The node is gone: so is the connection.
    loop {
        if let SwarmEvent::ConnectionClosed { .. } = browser.select_next_some().await {
            break;
        }
    }
}

#[tokio::test]
async fn two_browsers_are_introduced_to_each_other() {
    let node = Running::start(Config { stun_port: 0, port: 0, ..Config::default() }).await;
    let (mut one, mut other) = (browser().await, browser().await);
    let circuit = node.address().with(Protocol::P2pCircuit);
    one.listen_on(circuit.clone()).unwrap();
    let me: PeerId = *one.local_peer_id();
    let mut dialled = false;
    loop {
        tokio::select! {
            event = one.select_next_some() => match event {
                SwarmEvent::NewListenAddr { .. } if !dialled => {
                    other.dial(circuit.clone().with(Protocol::P2p(me))).unwrap();
                    dialled = true;
                }
                SwarmEvent::ListenerClosed { reason, .. } => panic!("{reason:?}"),
                _ => {}
            },
            event = other.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } if peer_id == me => {
                    assert!(endpoint.is_relayed());
                    break;
                }
                SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
                _ => {}
            },
        }
    }
    node.stop().await;
}

/// Sends a handshake and returns what is answered until the head ends.
async fn handshake(stream: &mut TcpStream, key: &str) -> String {
    let request = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// The example of RFC 6455, 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

#[tokio::test]
async fn the_handshake_is_that_of_the_standard() {
    let node = Running::start(Config { stun_port: 0, port: 0, ..Config::default() }).await;
    let mut stream = node.connect().await;
    let head = handshake(&mut stream, KEY).await.to_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    assert!(head.contains("upgrade: websocket") && !head.contains("transfer-encoding"), "{head}");
    drop(stream);
    let mut stream = node.connect().await;
    let head = handshake(&mut stream, "short").await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    node.stop().await;
}

#[tokio::test]
async fn a_flood_of_tunnels_ends_at_the_limit_of_its_address() {
    let node = Running::start(Config {
        stun_port: 0,
        port: 0,
        tunnels_per_address_max: 3,
        ..Config::default()
    })
    .await;
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..20 {
        let mut stream = node.connect().await;
        let head = handshake(&mut stream, KEY).await;
        if head.starts_with("HTTP/1.1 101") {
            open.push(stream);
        } else {
            assert!(head.starts_with("HTTP/1.1 429"), "{head}");
            assert!(head.to_lowercase().contains("retry-after"), "{head}");
            refused += 1;
        }
    }
    assert_eq!((open.len(), refused), (3, 17));
    assert_eq!(node.peers.tunnels(), 3);
    // Pages are still served from the same address.
    let mut stream = node.connect().await;
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    node.stop().await;
}

#[tokio::test]
async fn without_peers_there_is_no_tunnel_but_still_a_page() {
    use actix_web::test::TestRequest;
    let stage = Stage::new();
    let upgrade = |request: TestRequest| {
        request
            .insert_header(("connection", "Upgrade"))
            .insert_header(("upgrade", "websocket"))
            .insert_header(("sec-websocket-key", KEY))
    };
    let answer = stage.ask(upgrade(TestRequest::get().uri("/"))).await;
    assert_eq!(answer.status, 404);
    assert_eq!(stage.ask(TestRequest::get().uri("/")).await.status, 200);
}
