//! What this node gives to other nodes: what everybody may have anyway, by hash.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use kinora_model::id::Id;
use kinora_model::mirror::{Replica, ReplicaState};
use kinora_model::picture::BlobName;
use kinora_model::video::{Privacy, Video};
use kinora_service::manifest::{self, Manifest};
use kinora_service::providers::Providers;
use kinora_service::{Service, replicas};
use kinora_store::table::row_key;
use kinora_store::tables::{BlobOwner, Owner};
use kinora_store::{Range, Row as _};
use tracing::{debug, warn};

use crate::nodes::{Nodes, Source};

/// Owners of one blob that are looked at.
const OWNERS_MAX: usize = 16;

/// Rows that are read at a time.
const READ_AT_ONCE: usize = 500;

/// The blobs and manifests of this node.
#[derive(Debug)]
pub(crate) struct Kept {
    service: Arc<Service>,
    /// Copies that are whole, by the hash of their manifest.
    copies: RwLock<HashMap<[u8; 32], Id<Video>>>,
}

impl Kept {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        Self { service, copies: RwLock::default() }
    }

    /// True if everybody may have what belongs to a video.
    async fn is_open(&self, id: Id<Video>) -> Result<bool, kinora_service::Error> {
        let Some(video) = self.service.store.get::<Video>(&id.to_key()).await? else {
            return Ok(false);
        };
        if manifest::is_open(&video) {
            return Ok(true);
        }
        let copy = replicas::of_video(&self.service, id).await?;
        Ok(video.words.privacy == Privacy::Public
            && copy.is_some_and(|copy| copy.state == ReplicaState::Whole))
    }

    async fn find(&self, sha256: &[u8; 32]) -> Result<Option<Found>, kinora_service::Error> {
        let known = |copies: &HashMap<_, _>| copies.get(sha256).copied();
        let copy = known(&self.copies.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(video) = copy {
            let manifest = match self.service.store.get::<Video>(&video.to_key()).await? {
                Some(row) if self.is_open(video).await? => {
                    manifest::of_copy(&self.service, &row).await?
                }
                _ => None,
            };
            return Ok(manifest.filter(|it| it.sha256 == *sha256).map(Found::Manifest));
        }
        for row in self.service.store.list::<BlobOwner>(sha256, OWNERS_MAX).await? {
            if let Owner::Video(video) = row.owner
                && self.is_open(video).await?
            {
                return Ok(Some(Found::Blob(row.blob)));
            }
        }
        Ok(None)
    }

    /// The same; what the store does not say is not here.
    async fn found(&self, sha256: &[u8; 32]) -> Option<Found> {
        self.find(sha256).await.unwrap_or_else(|error| {
            warn!(%error, "the store does not say whether a segment is here");
            None
        })
    }
}

/// What a hash leads to.
enum Found {
    Manifest(Arc<Manifest>),
    Blob(BlobName),
}

#[async_trait]
impl Source for Kept {
    async fn size(&self, sha256: &[u8; 32]) -> Option<u64> {
        match self.found(sha256).await? {
            Found::Manifest(manifest) => Some(manifest.size()),
            Found::Blob(blob) => self.service.blobs.size(&blob).await.ok(),
        }
    }

    async fn bytes(&self, sha256: &[u8; 32]) -> Option<Bytes> {
        match self.found(sha256).await? {
            Found::Manifest(manifest) => Some(manifest.bytes.clone()),
            Found::Blob(blob) => self.service.blobs.get(&blob).await.ok(),
        }
    }
}

/// This node's part in the exchange of copies.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) nodes: Nodes,
    pub(crate) kept: Arc<Kept>,
}

impl Exchange {
    /// Says of all whole copies that they are here.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(crate) async fn provide_all(&self) -> Result<(), kinora_service::Error> {
        let service = &self.kept.service;
        let mut range = Range::prefix(&row_key::<Replica>(&[]));
        loop {
            let rows = service.store.list_range::<Replica>(&range, READ_AT_ONCE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            range = range.after(&row_key::<Replica>(&last.key()));
            for row in rows.iter().filter(|row| row.state == ReplicaState::Whole) {
                let video = service.store.get::<Video>(&row.video.to_key()).await?;
                let remote = video.as_ref().and_then(|video| video.remote.as_ref());
                if let Some(manifest) = remote.and_then(|remote| remote.manifest.as_ref()) {
                    self.provide(manifest.sha256, row.video).await;
                }
            }
        }
    }
}

#[async_trait]
impl Providers for Exchange {
    async fn meet(&self, addresses: Vec<String>) {
        self.nodes.meet(addresses.iter().filter_map(|it| it.parse().ok()).collect()).await;
    }

    async fn fetch(&self, manifest: &[u8; 32], sha256: &[u8; 32]) -> Option<Bytes> {
        self.nodes.fetch(manifest, sha256).await
    }

    async fn provide(&self, manifest: [u8; 32], video: Id<Video>) {
        let row = self.kept.service.store.get::<Video>(&video.to_key()).await;
        let Ok(Some(row)) = row else { return };
        let same = manifest::of_copy(&self.kept.service, &row).await;
        if !same.is_ok_and(|it| it.is_some_and(|it| it.sha256 == manifest)) {
            debug!(%video, "a copy is not what its manifest lists by now");
            return;
        }
        self.kept.copies.write().unwrap_or_else(PoisonError::into_inner).insert(manifest, video);
        self.nodes.provide(manifest).await;
    }

    async fn withdraw(&self, video: Id<Video>) {
        let gone: Vec<_> = {
            let mut copies = self.kept.copies.write().unwrap_or_else(PoisonError::into_inner);
            copies.extract_if(|_, it| *it == video).map(|(manifest, _)| manifest).collect()
        };
        for manifest in gone {
            self.nodes.withdraw(manifest).await;
        }
    }
}
