use std::sync::Arc;

use kinora_model::account::Account;
use kinora_model::channel::Channel;
use kinora_model::clock::{Clock, FixedClock, Timestamp};
use kinora_model::id::Id;
use kinora_model::text::Title;
use kinora_model::video::{Privacy, Source, Video, VideoState, VideoWords};
use kinora_service::Service;
use kinora_store::blob::Blobs;
use kinora_store::kv::memory::Memory;
use kinora_store::{Batch, Store};
use libp2p::Multiaddr;
use url::Url;
use uuid::Uuid;

use crate::address::host;
use crate::{Config, Error, Peers, Place, SwarmId, Workers};

/// The host of the node.
pub(crate) const HOST: &str = "films.example";

/// Settings of a node that takes no port that another test may want.
pub(crate) fn alone() -> Config {
    Config { stun_port: 0, port: 0, ..Config::default() }
}

/// A node in memory that helps peers.
pub(crate) struct Stage {
    pub(crate) service: Arc<Service>,
    pub(crate) peers: Arc<Peers>,
    pub(crate) workers: Workers,
    pub(crate) folder: tempfile::TempDir,
    url: Url,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(alone()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::at(&format!("https://{HOST}"), config).await
    }

    /// One that others know by this address.
    pub(crate) async fn at(url: &str, config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(Arc::new(Memory::default()));
        let blobs = Blobs::open(&folder.path().join("store")).unwrap();
        let at = Timestamp::parse("2026-01-01").unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(at));
        let service = kinora_service::Config::default();
        let service = Arc::new(Service::new(store, blobs, clock, service));
        Self::start(service, folder, Url::parse(url).unwrap(), config).await.unwrap()
    }

    async fn start(
        service: Arc<Service>,
        folder: tempfile::TempDir,
        url: Url,
        config: Config,
    ) -> Result<Self, Error> {
        let key = folder.path().join("peer.key");
        let place = Place { public_url: &url, key: &key, private_addresses: true };
        let (peers, workers) = Peers::start(Arc::clone(&service), config, &place).await?;
        Ok(Self { service, peers, workers, folder, url })
    }

    /// The same node after a restart.
    pub(crate) async fn again(self, config: Config) -> Result<Self, Error> {
        self.workers.stop().await;
        Self::start(self.service, self.folder, self.url, config).await
    }

    /// Where browsers come in behind a tunnel.
    pub(crate) fn address(&self) -> Multiaddr {
        let (port, id) = (self.peers.door().port(), self.peers.id());
        format!("/ip4/127.0.0.1/tcp/{port}/ws/p2p/{id}").parse().unwrap()
    }

    /// A published video, and the swarm it has if it may be shared.
    pub(crate) async fn video(&self, privacy: Privacy) -> (Uuid, SwarmId) {
        let now = self.service.now();
        let mut words = VideoWords::titled(Title::parse("Rain on the roof").unwrap());
        words.privacy = privacy;
        let (channel, account): (Id<Channel>, Id<Account>) = (self.service.id(), self.service.id());
        let video = Video {
            id: self.service.id(),
            uuid: Uuid::new_v4(),
            channel,
            account,
            words,
            state: VideoState::Published,
            failure: None,
            source: Source { filename: "a.mp4".to_owned(), bytes: 1, kept: false },
            footage: None,
            thumbnail: None,
            thumbnail_chosen: false,
            candidates: Vec::new(),
            storyboard: None,
            created_at: now,
            updated_at: now,
            published_at: Some(now),
            remote: None,
        };
        let mut batch = Batch::default();
        batch.insert_row(&video).unwrap();
        self.service.store.commit(batch).await.unwrap();
        (video.uuid, SwarmId::of(&host(&self.url).unwrap(), video.uuid))
    }

    /// What is counted, as text.
    pub(crate) fn counted(&self) -> String {
        let mut registry = prometheus_client::registry::Registry::default();
        self.peers.metrics.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }
}
