//! What nodes and seeds give to each other: whole segments, found by provider records of manifests.
//!
//! This network is apart from that of browsers, which comes in through the web server: other ports, other limits, no
//! address of one in the other. Both know the node by the same peer id.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::error::Error;
use crate::metrics::NodeMetrics;

mod behaviour;
pub(crate) mod message;
mod pace;
mod task;
#[cfg(test)]
mod tests;
mod transport;

pub(crate) use task::Task;

/// Commands that wait for the task at a time.
const COMMANDS_MAX: usize = 64;

/// Providers of one manifest that are asked for one segment.
const TRIES_MAX: usize = 4;

/// Where bytes come from that others ask for.
#[async_trait]
pub(crate) trait Source: Send + Sync + 'static {
    /// The size in bytes of what has this SHA-256, if it is here and may be given to everybody.
    async fn size(&self, sha256: &[u8; 32]) -> Option<u64>;

    /// The bytes themselves.
    async fn bytes(&self, sha256: &[u8; 32]) -> Option<Bytes>;
}

/// Who takes part.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// A node that everybody reaches at these addresses: it keeps records of who provides what, and helps those behind
    /// routers to be found.
    Node {
        /// Where others find it.
        public: Vec<Multiaddr>,
    },
    /// A seed, which may be behind a router.
    Seed,
}

/// How to take part.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// As whom.
    pub(crate) role: Role,
    /// The port of UDP and TCP; 0 for any that is free.
    pub(crate) port: u16,
    /// Whether addresses inside of networks are dialled.
    pub(crate) private_addresses: bool,
    /// How fast bytes are given, in bytes a second; `None` as fast as it goes.
    pub(crate) bytes_per_s: Option<u64>,
    /// Bytes that are held at a time for those who asked.
    pub(crate) held_bytes: u32,
}

/// What the task is told to do.
pub(crate) enum Command {
    /// Connect to nodes at these addresses, which end with peer ids.
    Meet(Vec<Multiaddr>),
    /// Say that all of a manifest is here.
    Provide([u8; 32]),
    /// Say it no more.
    Withdraw([u8; 32]),
    /// Who provides a manifest?
    Find { manifest: [u8; 32], answer: oneshot::Sender<Vec<PeerId>> },
    /// Ask a peer for bytes.
    Get { peer: PeerId, sha256: [u8; 32], answer: oneshot::Sender<Option<Bytes>> },
    /// Have nothing to do with a peer any more.
    Ban(PeerId),
}

/// The network of nodes, as the rest of the room sees it. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    commands: mpsc::Sender<Command>,
    id: PeerId,
}

impl Nodes {
    /// Opens the network; what is asked for comes from `source`.
    ///
    /// # Errors
    /// [`Error::Network`] if a port is not to be had.
    pub(crate) fn open(
        keypair: &Keypair,
        settings: Settings,
        source: Arc<dyn Source>,
        metrics: NodeMetrics,
    ) -> Result<(Self, Task), Error> {
        let (commands, told) = mpsc::channel(COMMANDS_MAX);
        let task = Task::open(keypair, settings, source, told, metrics)?;
        Ok((Self { commands, id: keypair.public().to_peer_id() }, task))
    }

    async fn tell(&self, command: Command) {
        if self.commands.send(command).await.is_err() {
            debug!("the network of nodes has ended");
        }
    }

    /// Connects to nodes.
    pub(crate) async fn meet(&self, addresses: Vec<Multiaddr>) {
        self.tell(Command::Meet(addresses)).await;
    }

    /// Says that all that a manifest lists is here, and the manifest itself.
    pub(crate) async fn provide(&self, manifest: [u8; 32]) {
        self.tell(Command::Provide(manifest)).await;
    }

    /// Says it no more.
    pub(crate) async fn withdraw(&self, manifest: [u8; 32]) {
        self.tell(Command::Withdraw(manifest)).await;
    }

    /// Bytes with this SHA-256 from whoever provides the manifest that lists them, or the manifest itself; `None` if nobody
    /// gives them. Who gives others is banned.
    pub(crate) async fn fetch(&self, manifest: &[u8; 32], sha256: &[u8; 32]) -> Option<Bytes> {
        let (answer, providers) = oneshot::channel();
        self.tell(Command::Find { manifest: *manifest, answer }).await;
        let mut providers = providers.await.ok()?;
        providers.retain(|peer| *peer != self.id);
        // All who provide it get their share, each segment from another.
        let start = usize::from(sha256[0]).checked_rem(providers.len()).unwrap_or(0);
        providers.rotate_left(start);
        for peer in providers.into_iter().take(TRIES_MAX) {
            let (answer, bytes) = oneshot::channel();
            self.tell(Command::Get { peer, sha256: *sha256, answer }).await;
            let Ok(Some(bytes)) = bytes.await else { continue };
            if Sha256::digest(&bytes)[..] == sha256[..] {
                return Some(bytes);
            }
            info!(%peer, "a peer gave wrong bytes and is banned");
            self.tell(Command::Ban(peer)).await;
        }
        None
    }
}

impl Task {
    /// Runs in the background until it is told to stop.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let mut task = self;
        // It never ends by itself.
        let _ = stopping.run_until_cancelled(task.go_on()).await;
    }
}
