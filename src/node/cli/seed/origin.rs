//! The node whose videos are kept, as a seed sees it.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use kinora_model::picture::BlobName;
use reqwest::Client;
use serde_json::Value;
use url::Url;

/// The longest answer of the API, in bytes.
const JSON_BYTES_MAX: usize = 1 << 20;

/// How long an answer may take to begin, and between two of its parts.
const PATIENCE: Duration = Duration::from_secs(30);

/// Videos of a channel that are looked at, and how many at a time.
const VIDEOS_MAX: usize = 5_000;
const PAGE: usize = 100;

/// What is to be seeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Video(String),
    Channel(String),
}

impl Address {
    /// Reads `https://films.example/w/2bM…` and `https://films.example/c/films`, in all the ways that pages have them.
    pub(super) fn read(url: &Url) -> Option<Self> {
        let mut parts = url.path_segments()?.filter(|part| !part.is_empty());
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next());
        match (first, second, third) {
            ("videos", "watch" | "embed", Some(id)) | ("w", id, _) => {
                Some(Self::Video(id.to_owned()))
            }
            ("c" | "video-channels", name, _) => Some(Self::Channel(name.to_owned())),
            _ => None,
        }
    }
}

/// A video that can be seeded.
#[derive(Clone, Debug)]
pub(super) struct Film {
    pub(super) uuid: String,
    pub(super) title: String,
    pub(super) manifest: BlobName,
    pub(super) manifest_url: Url,
    /// Its playlist: files lie beside it.
    pub(super) folder: Url,
}

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    root: Url,
    client: Client,
}

impl Origin {
    pub(super) fn new(address: &Url) -> anyhow::Result<Self> {
        let client = Client::builder()
            .user_agent(concat!("kinora-seed/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .build()?;
        Ok(Self { root: address.join("/")?, client })
    }

    /// Where the node is found by other nodes and by seeds.
    pub(super) async fn nodes(&self) -> anyhow::Result<Vec<String>> {
        let told = self.json("api/kinora/v1/p2p").await.context("this is no node with peers")?;
        let nodes = told
            .get("nodes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        let nodes: Vec<_> = nodes.take(8).map(str::to_owned).collect();
        if nodes.is_empty() {
            bail!("this node lets no seeds connect");
        }
        Ok(nodes)
    }

    /// The videos that can be seeded, newest first.
    pub(super) async fn films(&self, address: &Address) -> anyhow::Result<Vec<Film>> {
        let mut films = Vec::new();
        match address {
            Address::Video(id) => films.extend(self.film(id).await?),
            Address::Channel(handle) => {
                for start in (0..VIDEOS_MAX).step_by(PAGE) {
                    let path = format!(
                        "api/v1/video-channels/{handle}/videos?start={start}&count={PAGE}&sort=-publishedAt"
                    );
                    let told = self.json(&path).await?;
                    let page = told.get("data").and_then(Value::as_array);
                    let page = page.context("this is no list of videos")?;
                    for uuid in page.iter().filter_map(|it| it.get("uuid")?.as_str()) {
                        films.extend(self.film(uuid).await?);
                    }
                    if page.len() < PAGE {
                        break;
                    }
                }
            }
        }
        Ok(films)
    }

    /// A video; none if it may not be shared, or is not made yet.
    async fn film(&self, id: &str) -> anyhow::Result<Option<Film>> {
        let told = self.json(&format!("api/v1/videos/{id}")).await?;
        let text = |at: &str| told.pointer(at).and_then(Value::as_str);
        let (Some(url), Some(sha256), Some(playlist), Some(uuid)) = (
            text("/swarm/manifest/url"),
            text("/swarm/manifest/sha256"),
            text("/streamingPlaylists/0/playlistUrl"),
            text("/uuid"),
        ) else {
            return Ok(None);
        };
        Ok(Some(Film {
            uuid: uuid.to_owned(),
            title: text("/name").unwrap_or(uuid).chars().filter(|it| !it.is_control()).collect(),
            manifest: BlobName::parse(sha256).context("a hash that is none")?,
            manifest_url: Url::parse(url)?,
            folder: Url::parse(playlist)?,
        }))
    }

    async fn json(&self, path: &str) -> anyhow::Result<Value> {
        let url = self.root.join(path)?;
        let bytes = self.file(&url, JSON_BYTES_MAX).await?;
        serde_json::from_slice(&bytes).with_context(|| format!("{url} answers no JSON"))
    }

    /// The bytes at an address, so many at most.
    pub(super) async fn file(&self, url: &Url, bytes_max: usize) -> anyhow::Result<Bytes> {
        let asked = self.client.get(url.clone()).send().await;
        let mut answer = asked.and_then(reqwest::Response::error_for_status)?;
        let mut bytes = BytesMut::new();
        while let Some(part) = answer.chunk().await? {
            if bytes.len().saturating_add(part.len()) > bytes_max {
                bail!("{url} is larger than it should be");
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes.freeze())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn addresses_are_those_that_browsers_show() {
        let read = |path: &str| {
            Address::read(&Url::parse("https://a.example").unwrap().join(path).unwrap())
        };
        let video = Some(Address::Video("2bM".to_owned()));
        for path in ["/w/2bM", "/w/2bM/", "/videos/watch/2bM", "/videos/embed/2bM?start=3"] {
            assert_eq!(read(path), video, "{path}");
        }
        let channel = Some(Address::Channel("films@b.example".to_owned()));
        for path in
            ["/c/films@b.example", "/c/films@b.example/videos", "/video-channels/films@b.example"]
        {
            assert_eq!(read(path), channel, "{path}");
        }
        for path in ["/", "/w", "/about", "/a/ana/videos"] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
