//! The room: what others see of it while the task runs.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kinora_model::video::Video;
use kinora_service::Service;
use kinora_service::manifest::{self, Manifest};
use kinora_service::providers::Providers;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use crate::address;
use crate::config::Config;
use crate::direct::UdpDoor;
use crate::error::Error;
use crate::gate::{Full, Gate, Pass};
use crate::identity;
use crate::kept::{Exchange, Kept};
use crate::metrics::{Metrics, NodeMetrics};
use crate::nodes::{self, Nodes, Role, Settings};
use crate::stun::Stun;
use crate::swarm::{Home, Task};
use crate::swarm_id::SwarmId;
use crate::watchers::{PRESENT, Watchers};

/// Bytes of segments that are held at a time for nodes that asked for them.
const HELD_BYTES: u32 = 128 << 20;

/// How long the task may take to stop.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// Helps peers to find each other: one a node, shared by those who answer requests.
#[derive(Debug)]
pub struct Peers {
    /// The settings of this room.
    pub config: Config,
    /// What this room counts.
    pub metrics: Metrics,
    service: Arc<Service>,
    id: PeerId,
    /// Where browsers come in: the WebSocket first.
    public: Vec<Multiaddr>,
    /// The public host, with its port unless it is the scheme's own.
    host: String,
    door: SocketAddr,
    gate: Gate,
    watchers: Watchers,
    /// The port of the STUN server, if there is one.
    stun: Option<u16>,
    /// The public host without a port.
    name: String,
    /// Where other nodes find this one.
    nodes: Vec<Multiaddr>,
    /// What the network of nodes counts.
    pub node_metrics: NodeMetrics,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Where others find it.
    pub public_url: &'a Url,
    /// Where the key is kept that peers know it by.
    pub key: &'a Path,
    /// Whether it connects to addresses inside of networks.
    pub private_addresses: bool,
}

/// What viewers of a video share by.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Their swarm.
    pub swarm: SwarmId,
    /// What its segments hash to; none while no rendition is whole.
    pub manifest: Option<Arc<Manifest>>,
}

/// The task of the p2p room.
#[derive(Debug)]
pub struct Workers {
    tasks: JoinSet<()>,
    stopping: CancellationToken,
}

impl Workers {
    /// Stops: peers lose their connection to this node, and find each other elsewhere or not.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WAIT, ended).await.is_err() {
            warn!("peers were not let go in time");
        }
    }
}

impl Peers {
    /// Begins to help peers.
    ///
    /// # Errors
    /// [`Error`], whose variants each say what to mend.
    pub async fn start(
        service: Arc<Service>,
        config: Config,
        place: &Place<'_>,
    ) -> Result<(Arc<Self>, Workers), Error> {
        let Place { public_url, key, .. } = *place;
        let keypair = identity::load(key)?;
        let public = address::websocket(public_url)?;
        let metrics = Metrics::default();
        let host = address::host(public_url)?;
        let home = Home { service: Arc::clone(&service), host: host.clone() };
        let udp = UdpDoor::wanted(&config, key)?;
        let task = Task::open(
            keypair.clone(),
            &config,
            public.clone(),
            home,
            metrics.clone(),
            udp.as_ref(),
        );
        let task = task.await?;
        let (id, door) = (task.peer_id(), task.door);
        let mut public = vec![public];
        if let (Some(udp), Some(listening)) = (&udp, &task.direct) {
            public.extend(udp.public(public_url, listening).await);
        }
        info!(peer.id = %id, "peers are helped");
        let stopping = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(task.run(stopping.clone()));
        let stun = open_stun(&config).await;
        let stun = stun.map(|(stun, port)| {
            tasks.spawn(stun.run(stopping.clone()));
            port
        });
        let node_metrics = NodeMetrics::default();
        let opened = open_nodes(&keypair, &config, place, &service, node_metrics.clone());
        let mut nodes = Vec::new();
        if let Some((exchange, task)) = opened {
            nodes = address::of_node(public_url, config.port);
            tasks.spawn(task.run(stopping.clone()));
            let exchange = Arc::new(exchange);
            let known: Arc<dyn Providers> = Arc::<Exchange>::clone(&exchange);
            // There is one such network in a process.
            let _ = service.providers.set(known);
            tasks.spawn(async move {
                if let Err(error) = exchange.provide_all().await {
                    warn!(%error, "nodes are not told which copies are here");
                }
            });
        }
        let workers = Workers { tasks, stopping };
        let gate = Gate::new(&config);
        let watchers = Watchers::default();
        let name = public_url.host_str().unwrap_or_default().to_owned();
        let room = Self {
            config,
            metrics,
            service,
            id,
            public,
            host,
            door,
            gate,
            watchers,
            stun,
            name,
            nodes,
            node_metrics,
        };
        Ok((Arc::new(room), workers))
    }

    /// Where other nodes and seeds find this one; nowhere if there is no such port.
    #[must_use]
    pub fn nodes(&self) -> Vec<String> {
        self.nodes.iter().map(|it| format!("{it}/p2p/{}", self.id)).collect()
    }

    /// Where browsers ask for their own public address (`stun:films.example:3478`, RFC 7064): here, or nowhere.
    #[must_use]
    pub fn stun(&self) -> Option<String> {
        self.stun.map(|port| format!("stun:{}:{port}", self.name))
    }

    /// What peers know this node by.
    #[must_use]
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// Where peers find this node.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.public.iter().map(|it| format!("{it}/p2p/{}", self.id)).collect()
    }

    /// What viewers of a video share by; none if it may not be shared.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn shared(&self, video: &Video) -> Result<Option<Shared>, kinora_service::Error> {
        if !manifest::is_shared(&self.service, video).await? {
            return Ok(None);
        }
        let manifest = manifest::of(&self.service, video).await?;
        Ok(Some(Shared { swarm: SwarmId::of(&self.host, video.uuid), manifest }))
    }

    /// Someone at this network address watches a video; answers how many do.
    pub fn watched(&self, video: &Video, address: IpAddr, session: &str) -> usize {
        self.watchers.watched(video.id, address, session, self.service.now())
    }

    /// How long someone counts as watching after their player's last word.
    #[must_use]
    pub const fn present(&self) -> Duration {
        PRESENT
    }

    /// Where a tunnel leads to: a WebSocket server on this machine.
    #[must_use]
    pub fn door(&self) -> SocketAddr {
        self.door
    }

    /// Leave for a tunnel of a browser at this network address; it counts until the leave is dropped.
    ///
    /// # Errors
    /// [`Full`] if it has too many, began too many lately, or if there are too many in all.
    pub fn admit(&self, address: IpAddr) -> Result<Pass, Full> {
        self.gate.enter(address)
    }

    /// How many tunnels are open.
    #[must_use]
    pub fn tunnels(&self) -> u32 {
        self.gate.open()
    }
}

/// The STUN server with its port, unless the settings want none or the port is not to be had: then browsers behind
/// routers find each other less often, and all else works.
async fn open_stun(config: &Config) -> Option<(Stun, u16)> {
    let wanted = Some(config.stun_port).filter(|port| *port != 0)?;
    let opened = async {
        let stun = Stun::bind(wanted).await?;
        let port = stun.port()?;
        std::io::Result::Ok((stun, port))
    };
    opened
        .await
        .inspect_err(
            |error| warn!(%error, port = wanted, "browsers are not told their public address"),
        )
        .ok()
}

/// The network of nodes, unless the settings want none or the port is not to be had: then copies are fetched from their
/// origins alone.
fn open_nodes(
    keypair: &Keypair,
    config: &Config,
    place: &Place<'_>,
    service: &Arc<Service>,
    metrics: NodeMetrics,
) -> Option<(Exchange, nodes::Task)> {
    let port = Some(config.port).filter(|port| *port != 0)?;
    let settings = Settings {
        role: Role::Node { public: address::of_node(place.public_url, port) },
        port,
        private_addresses: place.private_addresses,
        bytes_per_s: None,
        held_bytes: HELD_BYTES,
    };
    let kept = Arc::new(Kept::new(Arc::clone(service)));
    let source: Arc<dyn nodes::Source> = Arc::<Kept>::clone(&kept);
    let opened = Nodes::open(keypair, settings, source, metrics);
    let opened = opened.inspect_err(|error| warn!(%error, port, "other nodes cannot connect")).ok();
    opened.map(|(nodes, task)| (Exchange { nodes, kept }, task))
}
