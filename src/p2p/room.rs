//! The room: what others see of it while the task runs.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kinora_model::video::Video;
use kinora_service::Service;
use kinora_service::manifest::{self, Manifest};
use libp2p::{Multiaddr, PeerId};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use crate::address;
use crate::config::Config;
use crate::error::Error;
use crate::gate::{Full, Gate, Pass};
use crate::identity;
use crate::metrics::Metrics;
use crate::stun::Stun;
use crate::swarm::{Home, Task};
use crate::swarm_id::SwarmId;
use crate::watchers::{PRESENT, Watchers};

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
    public: Multiaddr,
    /// The public host, with its port unless it is the scheme's own.
    host: String,
    door: SocketAddr,
    gate: Gate,
    watchers: Watchers,
    /// The port of the STUN server, if there is one.
    stun: Option<u16>,
    /// The public host without a port.
    name: String,
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
    /// Begins to help peers of a node that others find at `public_url`; `key` is where the key it is known by is kept.
    ///
    /// # Errors
    /// [`Error`], whose variants each say what to mend.
    pub async fn start(
        service: Arc<Service>,
        config: Config,
        public_url: &Url,
        key: &Path,
    ) -> Result<(Arc<Self>, Workers), Error> {
        let keypair = identity::load(key)?;
        let public = address::websocket(public_url)?;
        let metrics = Metrics::default();
        let host = address::host(public_url)?;
        let home = Home { service: Arc::clone(&service), host: host.clone() };
        let task = Task::open(keypair, &config, public.clone(), home, metrics.clone()).await?;
        let (id, door) = (task.peer_id(), task.door);
        info!(peer.id = %id, "peers are helped");
        let stopping = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(task.run(stopping.clone()));
        let stun = open_stun(&config).await;
        let stun = stun.map(|(stun, port)| {
            tasks.spawn(stun.run(stopping.clone()));
            port
        });
        let workers = Workers { tasks, stopping };
        let gate = Gate::new(&config);
        let watchers = Watchers::default();
        let name = public_url.host_str().unwrap_or_default().to_owned();
        let room =
            Self { config, metrics, service, id, public, host, door, gate, watchers, stun, name };
        Ok((Arc::new(room), workers))
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
        vec![format!("{}/p2p/{}", self.public, self.id)]
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
