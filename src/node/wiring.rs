//! Puts the rooms together: opens what is kept, repairs what a crash left, starts the workers, and takes it all down
//! again in the other order.

use std::future::Future;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use kinora_federation::Federation;
use kinora_http::App;
use kinora_media::{Media, Workers};
use kinora_model::clock::{Clock, SystemClock};
use kinora_model::host::Host;
use kinora_p2p::{Peers, Place};
use kinora_service::users::{self, FirstAdministrator};
use kinora_service::{Service, traffic, uploads, views};
use kinora_store::Store;
use kinora_store::blob::Blobs;
use kinora_store::kv::sled::Sled;
use kinora_store::metrics::Metrics;
use prometheus_client::registry::Registry;
use tracing::{info, warn};
use url::Url;

use crate::chores::Chores;
use crate::config::{Config, Given};
use crate::control::Control;

/// Stands in the data folder while a node runs, or after one was killed.
const RUNNING: &str = "running";

/// A node that is ready to answer.
#[derive(Debug)]
pub struct Node {
    app: Arc<App>,
    listener: TcpListener,
    workers: Workers,
    federating: kinora_federation::Workers,
    sharing: Option<kinora_p2p::Workers>,
    chores: Chores,
    control: Option<Control>,
    running: PathBuf,
}

impl Node {
    /// Opens everything and starts the workers. At the very first start the administrator is made, with `password` or one
    /// that is made up.
    ///
    /// # Errors
    /// If the port is taken, the data folder cannot be used or is in use, or the sandbox is weaker than the settings ask.
    pub async fn start(
        given: Given,
        password: Option<String>,
    ) -> anyhow::Result<(Self, Option<FirstAdministrator>)> {
        let Given { mut config, public_url } = given;
        let listen = config.http.listen;
        let listener =
            TcpListener::bind(listen).with_context(|| format!("listening on {listen}"))?;
        config.http.listen = listener.local_addr()?;
        if !public_url {
            config.http.public_url = local_url(&config)?;
        }
        make_private(&config.data)?;
        let metrics = Metrics::default();
        let service = open(&config, metrics.clone())?;
        let running = config.data.join(RUNNING);
        recover(&service, running.exists()).await?;
        std::fs::write(&running, b"").with_context(|| running.display().to_string())?;

        let media = Media::open(Arc::clone(&service), config.media.clone(), config.scratch_dir());
        let media = Arc::new(media?);
        report_sandbox(&media).await?;
        let administrator = users::ensure_administrator(&service, password).await?;
        let mut registry = Registry::with_prefix("kinora");
        metrics.register(&mut registry);
        media.metrics.register(registry.sub_registry_with_prefix("media"));
        let workers = media.start();
        let chores = Chores::start(&service, config.store.journal_keep());
        let control = Control::open(&config.control_path(), Arc::clone(&service));
        let peer_key = config.peer_key_path();
        let private_addresses = config.federation.allow_private;
        let federation =
            Federation::open(Arc::clone(&service), config.federation, &config.http.public_url)?;
        federation.metrics.register(registry.sub_registry_with_prefix("federation"));
        let federating = federation.start();
        let (peers, sharing) = match config.p2p.enabled {
            true => {
                let place = Place {
                    public_url: &config.http.public_url,
                    key: &peer_key,
                    private_addresses,
                };
                let (peers, sharing) =
                    Peers::start(Arc::clone(&service), config.p2p, &place).await?;
                peers.metrics.register(registry.sub_registry_with_prefix("p2p"));
                peers.node_metrics.register(registry.sub_registry_with_prefix("nodes"));
                (Some(peers), Some(sharing))
            }
            false => (None, None),
        };
        let app = App::new(service, media, federation, peers, config.http, registry);
        let app = Arc::new(app);
        let node = Self { app, listener, workers, federating, sharing, chores, control, running };
        Ok((node, administrator))
    }

    /// Where browsers find the node.
    #[must_use]
    pub fn address(&self) -> &Url {
        &self.app.config.public_url
    }

    /// Answers until `stop` ends; then requests under way are answered, jobs are given back, and counts are written.
    ///
    /// # Errors
    /// If the listener cannot be used.
    pub async fn serve(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let Self { app, listener, workers, federating, sharing, chores, control, running } = self;
        info!(http.address = %app.config.listen, "serving");
        let served = kinora_http::serve(Arc::clone(&app), listener, stop).await;
        drop(control);
        if let Some(sharing) = sharing {
            sharing.stop().await;
        }
        federating.stop().await;
        workers.stop().await;
        chores.stop().await;
        if let Err(error) = views::write_down(&app.service).await {
            warn!(%error, "views of the last minute are not counted");
        }
        if let Err(error) = traffic::write_down(&app.service).await {
            warn!(%error, "traffic of the last minute is not counted");
        }
        served?;
        if let Err(error) = std::fs::remove_file(&running) {
            warn!(%error, "the next start will look for what a crash may have left");
        }
        info!("stopped");
        Ok(())
    }
}

/// Opens what is kept, with nothing running on it.
///
/// # Errors
/// If the folders cannot be used, or another process uses them.
pub fn open(config: &Config, metrics: Metrics) -> anyhow::Result<Arc<Service>> {
    let rows = config.store.rows_dir(&config.data);
    let kv = Sled::open(config.store.sled(&rows, metrics));
    let kv = kv.with_context(|| format!("opening {}", rows.display()))?;
    let store = Store::new(Arc::new(kv));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let files = config.store.files_dir(&config.data);
    let blobs = Blobs::open(&files).with_context(|| format!("opening {}", files.display()))?;
    let config = kinora_service::Config {
        instance: config.instance.clone(),
        accounts: config.accounts.clone(),
        uploads: config.uploads.clone(),
        host: Host::of(&config.http.public_url),
    };
    Ok(Arc::new(Service::new(store, blobs, clock, config)))
}

/// Takes up what the last run left: jobs it had leased, uploads, and after a crash the files that no row knows of.
async fn recover(service: &Service, crashed: bool) -> anyhow::Result<()> {
    let released = service.queue.release_all_of_other_boots().await?;
    if released > 0 {
        info!(jobs = released, "jobs of the last run are taken up again");
    }
    // Before the sweep: it would take the file of an upload that is about to become a video.
    uploads::recover(service).await?;
    service.domains.load(&service.store).await?;
    if crashed {
        let swept = kinora_store::sweep::sweep_all(&service.blobs, &service.store).await?;
        info!(?swept, "the last run did not end by itself; what it left was removed");
    }
    Ok(())
}

/// Says how well the transcoder is locked in. Without it the node serves what it has, unless the settings forbid that.
async fn report_sandbox(media: &Media) -> anyhow::Result<()> {
    match media.sandbox_status().await {
        Ok(sandbox) if sandbox.is_full() => info!(?sandbox, "the transcoder's sandbox is in force"),
        Ok(sandbox) => warn!(?sandbox, "the transcoder's sandbox is weaker on this machine"),
        Err(error) if media.config.require_sandbox => return Err(error.into()),
        Err(error) => warn!(%error, "uploads wait: the transcoder does not run"),
    }
    Ok(())
}

/// A folder that only its owner reads: it holds hashes of passwords, and videos that are private.
pub(crate) fn make_private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("making {}", folder.display()))
}

/// The address of a node whose public address nobody said.
fn local_url(config: &Config) -> anyhow::Result<Url> {
    let listen = config.http.listen;
    let host = match listen.ip() {
        ip if ip.is_unspecified() || ip.is_loopback() => "localhost".to_owned(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        std::net::IpAddr::V4(ip) => ip.to_string(),
    };
    Ok(Url::parse(&format!("http://{host}:{}", listen.port()))?)
}
