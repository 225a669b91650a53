//! What viewers of a video share by, as docs/p2p-protocol.md has it.

use kinora_model::video::{self, RemoteManifest, RemoteVideo};
use kinora_p2p::{Shared, SwarmId};
use kinora_service::manifest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::Config;
use crate::problem::Problem;
use crate::server::App;

/// The swarm of a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Swarm {
    /// Its id, hex.
    pub id: String,
    /// The server that helps its peers to find each other.
    pub origin: String,
    /// What the segments hash to; `null` while no rendition is whole.
    pub manifest: Option<Manifest>,
}

/// Where a manifest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Manifest {
    /// Its address.
    pub url: String,
    /// SHA-256 of the document, hex.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Manifest {
    /// The manifest of a video of this node.
    #[must_use]
    pub fn of(config: &Config, video: &video::Video, manifest: &manifest::Manifest) -> Self {
        let url = config.url(&manifest.path(video.uuid));
        Self { url, sha256: manifest.hex(), size: manifest.size() }
    }

    /// The manifest of a video of another node.
    fn elsewhere(manifest: &RemoteManifest) -> Self {
        let (sha256, size) = (hex::encode(manifest.sha256), manifest.bytes);
        Self { url: manifest.url.to_string(), sha256, size }
    }
}

impl Swarm {
    /// The swarm of a video; none if it may not be shared, or if there are no peers here. That of a video of another node
    /// is on that node, which may still say no.
    ///
    /// # Errors
    /// 500 if the store cannot be read.
    pub async fn of(app: &App, video: &video::Video) -> Result<Option<Self>, Problem> {
        if let Some(remote) = &video.remote {
            return Ok(remote.manifest.as_ref().map(|it| Self::elsewhere(video, remote, it)));
        }
        let Some(peers) = &app.peers else { return Ok(None) };
        let shared = peers.shared(video).await?;
        Ok(shared.map(|it| Self::shared(&app.config, video, &it)))
    }

    fn elsewhere(video: &video::Video, remote: &RemoteVideo, manifest: &RemoteManifest) -> Self {
        Self {
            id: SwarmId::of(remote.host.as_str(), video.uuid).hex(),
            origin: manifest.url.origin().ascii_serialization(),
            manifest: Some(Manifest::elsewhere(manifest)),
        }
    }

    fn shared(config: &Config, video: &video::Video, shared: &Shared) -> Self {
        let manifest = shared.manifest.as_deref();
        Self {
            id: shared.swarm.hex(),
            origin: config.origin(),
            manifest: manifest.map(|it| Manifest::of(config, video, it)),
        }
    }
}
