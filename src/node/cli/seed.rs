//! `kinora seed`: keeps videos of a node on a spare machine, and gives them to nodes that keep copies.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use kinora_model::picture::BlobName;
use kinora_p2p::{Seed as Network, SeedSettings};
use kinora_service::manifest::{Document, ListedFile, MANIFEST_BYTES_MAX};
use tokio::time::Instant;
use url::Url;

mod origin;

use origin::{Address, Film, Origin};

/// How often is looked for new videos, and for what was taken away.
const LOOK_EVERY: Duration = Duration::from_mins(5);

/// How often it is said what was given, where nobody looks at a terminal.
const SAY_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(super) struct Seed {
    /// The address of a video or a channel, as a browser shows it.
    address: Url,
    /// The folder that videos are kept in.
    #[arg(long, env = "KINORA_SEED_FOLDER", default_value = "kinora-seed")]
    folder: PathBuf,
    /// How much disk they may take, in bytes: `500MB`, `10GB`.
    #[arg(long, default_value = "10GB", value_parser = bytes)]
    disk: u64,
    /// How fast is fetched and given, each, in bytes a second: `2MB`; as fast as it goes if left out.
    #[arg(long, value_parser = bytes)]
    rate: Option<u64>,
    /// The port, of UDP and TCP, that nodes connect to; 0 for any that is free. A router need not let it through.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Connects to addresses inside of networks, too: for tests and networks of one's own.
    #[arg(long)]
    private_addresses: bool,
}

/// Reads `10GB`, `500 MB`, `4096`.
fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|it: char| it.is_ascii_alphabetic()).trim_end();
    let unit =
        match text.get(digits.len()..).unwrap_or_default().trim().to_ascii_uppercase().as_str() {
            "" | "B" => 1,
            "KB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "TB" => 1_000_000_000_000,
            _ => return Err("a unit is B, KB, MB, GB or TB".to_owned()),
        };
    let number: u64 = digits.parse().map_err(|_bad| "a number and a unit: 10GB".to_owned())?;
    number.checked_mul(unit).ok_or_else(|| "more than there is".to_owned())
}

/// A seed under way.
struct Seeding {
    network: Network,
    origin: Origin,
    disk: u64,
    rate: Option<u64>,
    used: u64,
    /// Videos that are here whole: their manifests, by uuid.
    kept: BTreeMap<String, Kept>,
    bar: ProgressBar,
}

/// A video that is here whole.
struct Kept {
    manifest: BlobName,
    files: Vec<BlobName>,
}

impl Seed {
    pub(super) fn run(self) -> anyhow::Result<()> {
        super::small_runtime()?.block_on(self.seed())
    }

    async fn seed(self) -> anyhow::Result<()> {
        let address = Address::read(&self.address).with_context(|| {
            format!("{} is the address of no video and no channel", self.address)
        })?;
        std::fs::create_dir_all(&self.folder).with_context(|| self.folder.display().to_string())?;
        let settings = SeedSettings {
            folder: self.folder.clone(),
            port: self.port,
            bytes_per_s: self.rate,
            private_addresses: self.private_addresses,
        };
        let network = Network::start(settings)?;
        let used = network.shelf.used_bytes().await?;
        let mut seeding = Seeding {
            network,
            origin: Origin::new(&self.address)?,
            disk: self.disk,
            rate: self.rate,
            used,
            kept: BTreeMap::new(),
            bar: bar(),
        };
        let ended = tokio::select! {
            ended = seeding.go_on(&address) => ended,
            stopped = tokio::signal::ctrl_c() => stopped.context("waiting for Ctrl-C"),
        };
        seeding.bar.finish_and_clear();
        super::say(seeding.sum());
        seeding.network.stop().await;
        ended
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{msg}\n{bar:40} {bytes}/{total_bytes} {bytes_per_sec}")
    {
        bar.set_style(style);
    }
    bar
}

impl Seeding {
    /// Looks for videos, fetches what is missing, and serves; for ever, unless nothing can be seeded at all.
    async fn go_on(&mut self, address: &Address) -> anyhow::Result<()> {
        let mut first = true;
        loop {
            match self.look(address).await {
                Ok(()) => {}
                // What is here is given on while the origin is away.
                Err(error) if !first => self.note(&format!("{error:#}")),
                Err(error) => return Err(error),
            }
            first = false;
            self.wait().await;
        }
    }

    /// Shows what was given until it is time to look again.
    async fn wait(&self) {
        let until = Instant::now() + LOOK_EVERY;
        let seen = std::io::stderr().is_terminal();
        let (mut said, mut nodes, mut next) = (String::new(), None, Instant::now());
        while Instant::now() < until {
            let sum = self.sum();
            if seen {
                self.bar.set_message(sum);
            } else {
                // Who comes and goes is said at once, how much was given now and then.
                let now = Some(self.network.metrics.nodes());
                if sum != said && (now != nodes || next <= Instant::now()) {
                    super::say(&sum);
                    (said, nodes, next) = (sum, now, Instant::now() + SAY_EVERY);
                }
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// What is here and what was given, in a line.
    fn sum(&self) -> String {
        let (videos, used) = (self.kept.len(), HumanBytes(self.used));
        let (nodes, given) = (self.network.metrics.nodes(), self.network.metrics.given_bytes());
        let given = HumanBytes(given);
        format!("{videos} videos, {used} on disk; {nodes} nodes connected; {given} given")
    }

    fn note(&self, line: &str) {
        if std::io::stderr().is_terminal() {
            self.bar.println(line);
        } else {
            super::say(line);
        }
    }

    async fn look(&mut self, address: &Address) -> anyhow::Result<()> {
        self.network.meet(&self.origin.nodes().await?).await;
        let films = self.origin.films(address).await?;
        let gone: Vec<_> = self
            .kept
            .keys()
            .filter(|uuid| films.iter().all(|it| it.uuid != **uuid))
            .cloned()
            .collect();
        for uuid in gone {
            self.let_go(&uuid).await;
        }
        for film in films {
            if let Err(error) = self.keep(&film).await {
                self.note(&format!("{}: {error:#}", film.title));
            }
        }
        if self.kept.is_empty() {
            bail!(
                "there is nothing here that can be seeded: videos must be public, and shared with peers"
            );
        }
        Ok(())
    }

    /// Fetches what is missing of a video, and says that it is here.
    async fn keep(&mut self, film: &Film) -> anyhow::Result<()> {
        if self.kept.get(&film.uuid).is_some_and(|kept| kept.manifest == film.manifest) {
            return Ok(());
        }
        let digest = film.manifest.digest();
        let bytes = match self.network.shelf.read(&film.manifest).await {
            Some(bytes) => bytes,
            None => self.origin.file(&film.manifest_url, MANIFEST_BYTES_MAX).await?,
        };
        let document =
            Document::read(&bytes, digest).context("its manifest is not what was said")?;
        if !document.is_whole() {
            // It is looked at again when it is.
            return Ok(());
        }
        self.note(&film.title);
        self.bar.set_length(document.bytes());
        self.bar.set_position(0);
        self.put(&film.manifest, &bytes).await?;
        let mut files = Vec::new();
        for file in document.files() {
            self.fetch(film, file).await?;
            files.push(file.blob);
            self.bar.inc(file.size);
        }
        let kept = Kept { manifest: film.manifest, files };
        if let Some(old) = self.kept.insert(film.uuid.clone(), kept) {
            self.network.withdraw(*old.manifest.digest()).await;
        }
        self.network.provide(*digest).await;
        Ok(())
    }

    async fn fetch(&mut self, film: &Film, file: &ListedFile) -> anyhow::Result<()> {
        if self.network.shelf.size(&file.blob).await == Some(file.size) {
            return Ok(());
        }
        let began = Instant::now();
        let size = usize::try_from(file.size)?;
        let url = film.folder.join(file.name())?;
        let bytes = match self.origin.file(&url, size).await {
            Ok(bytes) => bytes,
            Err(error) => {
                let manifest = film.manifest.digest();
                self.network.fetch(manifest, file.blob.digest()).await.ok_or(error)?
            }
        };
        self.put(&file.blob, &bytes).await?;
        if let Some(ms) =
            self.rate.and_then(|rate| file.size.saturating_mul(1_000).checked_div(rate))
        {
            tokio::time::sleep_until(began + Duration::from_millis(ms)).await;
        }
        Ok(())
    }

    async fn put(&mut self, name: &BlobName, bytes: &Bytes) -> anyhow::Result<()> {
        if kinora_store::blob::Blobs::name_of(bytes) != *name {
            bail!("a file is not what its name says");
        }
        let size = u64::try_from(bytes.len())?;
        if self.network.shelf.size(name).await == Some(size) {
            return Ok(());
        }
        if self.used.saturating_add(size) > self.disk {
            bail!("the disk space that you gave is used up (--disk)");
        }
        self.network.shelf.put(name, bytes).await?;
        self.used = self.used.saturating_add(size);
        Ok(())
    }

    /// Lets go of a video that its node has no more.
    async fn let_go(&mut self, uuid: &str) {
        let Some(kept) = self.kept.remove(uuid) else { return };
        self.network.withdraw(*kept.manifest.digest()).await;
        for name in kept.files.iter().chain([&kept.manifest]) {
            let shared = self.kept.values().any(|it| it.files.contains(name));
            if !shared && let Some(size) = self.network.shelf.size(name).await {
                self.network.shelf.remove(name).await;
                self.used = self.used.saturating_sub(size);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        assert_eq!(bytes("10GB"), Ok(10_000_000_000));
        assert_eq!(bytes(" 500 mb "), Ok(500_000_000));
        assert_eq!(bytes("4096"), Ok(4_096));
        for wrong in ["", "GB", "1.5GB", "10 parsecs", "99999999999TB", "-1MB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
