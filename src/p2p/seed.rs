//! A seed: somebody's spare machine that keeps videos of a node and gives them to nodes, without a domain or a database.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kinora_model::picture::BlobName;
use libp2p::identity::Keypair;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::error::Error;
use crate::metrics::NodeMetrics;
use crate::nodes::{Nodes, Role, Settings, Source};

/// Bytes of segments that are held at a time for nodes that asked: a seed is to be small.
const HELD_BYTES: u32 = 16 << 20;

/// How to seed.
#[derive(Clone, Debug)]
pub struct SeedSettings {
    /// Where videos are kept.
    pub folder: PathBuf,
    /// The port of UDP and TCP; 0 for any that is free.
    pub port: u16,
    /// How fast bytes are given, in bytes a second; `None` as fast as it goes.
    pub bytes_per_s: Option<u64>,
    /// Whether it connects to addresses inside of networks.
    pub private_addresses: bool,
}

/// A seed that runs.
#[derive(Debug)]
pub struct Seed {
    /// What it keeps.
    pub shelf: Arc<Shelf>,
    /// What it counts.
    pub metrics: NodeMetrics,
    nodes: Nodes,
    tasks: JoinSet<()>,
    stopping: CancellationToken,
}

impl Seed {
    /// Opens the network; nobody is met yet. A seed is another peer after each start: nobody follows it around.
    ///
    /// # Errors
    /// [`Error::Network`] if the port is not to be had.
    pub fn start(settings: SeedSettings) -> Result<Self, Error> {
        let shelf = Arc::new(Shelf { folder: settings.folder });
        let metrics = NodeMetrics::default();
        let network = Settings {
            role: Role::Seed,
            port: settings.port,
            private_addresses: settings.private_addresses,
            bytes_per_s: settings.bytes_per_s,
            held_bytes: HELD_BYTES,
        };
        let source: Arc<dyn Source> = Arc::<Shelf>::clone(&shelf);
        let keypair = Keypair::generate_ed25519();
        let (nodes, task) = Nodes::open(&keypair, network, source, metrics.clone())?;
        let (mut tasks, stopping) = (JoinSet::new(), CancellationToken::new());
        tasks.spawn(task.run(stopping.clone()));
        Ok(Self { shelf, metrics, nodes, tasks, stopping })
    }

    /// Connects to nodes: multiaddrs that end with their peer ids; others are passed over.
    pub async fn meet(&self, addresses: &[String]) {
        self.nodes.meet(addresses.iter().filter_map(|it| it.parse().ok()).collect()).await;
    }

    /// Says that all that a manifest lists is here, and the manifest itself.
    pub async fn provide(&self, manifest: [u8; 32]) {
        self.nodes.provide(manifest).await;
    }

    /// Says it no more.
    pub async fn withdraw(&self, manifest: [u8; 32]) {
        self.nodes.withdraw(manifest).await;
    }

    /// Bytes that a manifest lists from another who provides it; `None` if nobody gives them.
    pub async fn fetch(&self, manifest: &[u8; 32], sha256: &[u8; 32]) -> Option<Bytes> {
        self.nodes.fetch(manifest, sha256).await
    }

    /// Lets everybody go.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Files by the hash of their bytes, in a folder.
#[derive(Debug)]
pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    fn path(&self, name: &BlobName) -> PathBuf {
        let name = name.to_string();
        let shelf = name.get(..2).unwrap_or("00").to_owned();
        self.folder.join(shelf).join(name)
    }

    /// The size in bytes of a file, if it is here.
    pub async fn size(&self, name: &BlobName) -> Option<u64> {
        Some(tokio::fs::metadata(self.path(name)).await.ok()?.len())
    }

    /// The bytes of a file, if they are what its name says; a file that was spoilt is deleted.
    pub async fn read(&self, name: &BlobName) -> Option<Bytes> {
        let path = self.path(name);
        let bytes = Bytes::from(tokio::fs::read(&path).await.ok()?);
        if Sha256::digest(&bytes)[..] == name.digest()[..] {
            return Some(bytes);
        }
        warn!(file = %path.display(), "a file was spoilt and is fetched again");
        self.remove(name).await;
        None
    }

    /// Keeps bytes under their name; a crash leaves all of them or nothing.
    ///
    /// # Errors
    /// If the disk does not take them.
    pub async fn put(&self, name: &BlobName, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(name);
        tokio::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).await?;
        let beside = path.with_extension("new");
        tokio::fs::write(&beside, bytes).await?;
        tokio::fs::rename(&beside, &path).await
    }

    /// Deletes a file.
    pub async fn remove(&self, name: &BlobName) {
        if let Err(error) = tokio::fs::remove_file(self.path(name)).await
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(%error, "a file cannot be deleted");
        }
    }

    /// Bytes of all files.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub async fn used_bytes(&self) -> io::Result<u64> {
        let mut used = 0_u64;
        let mut shelves = tokio::fs::read_dir(&self.folder).await?;
        while let Some(shelf) = shelves.next_entry().await? {
            if !shelf.file_type().await?.is_dir() {
                continue;
            }
            let mut files = tokio::fs::read_dir(shelf.path()).await?;
            while let Some(file) = files.next_entry().await? {
                used = used.saturating_add(file.metadata().await?.len());
            }
        }
        Ok(used)
    }
}

#[async_trait]
impl Source for Shelf {
    async fn size(&self, sha256: &[u8; 32]) -> Option<u64> {
        Self::size(self, &BlobName::from_digest(*sha256)).await
    }

    async fn bytes(&self, sha256: &[u8; 32]) -> Option<Bytes> {
        self.read(&BlobName::from_digest(*sha256)).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn a_spoilt_file_is_not_given_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf { folder: folder.path().to_owned() };
        let name = BlobName::from_digest(Sha256::digest(b"segment").into());
        assert_eq!(shelf.size(&name).await, None);
        shelf.put(&name, b"segment").await.unwrap();
        assert_eq!(shelf.read(&name).await.unwrap(), "segment");
        assert_eq!(shelf.used_bytes().await.unwrap(), 7);
        std::fs::write(shelf.path(&name), b"spoilt!").unwrap();
        assert_eq!(shelf.read(&name).await, None);
        assert_eq!(shelf.size(&name).await, None);
    }
}
