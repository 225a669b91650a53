//! Others who have what a server of a video cannot give just now.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use kinora_model::id::Id;
use kinora_model::video::Video;

/// Nodes and seeds that have videos of each other, found without their servers. Whoever keeps copies asks here when an
/// origin does not answer; the network of peers answers.
#[async_trait]
pub trait Providers: Debug + Send + Sync {
    /// Nodes are at these addresses, multiaddrs that end with their peer ids.
    async fn meet(&self, addresses: Vec<String>);

    /// Bytes with this SHA-256, which a manifest lists, or the manifest itself: checked, or `None` if nobody gives them.
    async fn fetch(&self, manifest: &[u8; 32], sha256: &[u8; 32]) -> Option<Bytes>;

    /// All that a manifest lists is here, as this video.
    async fn provide(&self, manifest: [u8; 32], video: Id<Video>);

    /// It is here no more.
    async fn withdraw(&self, video: Id<Video>);
}
