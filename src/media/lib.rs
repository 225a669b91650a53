//! From an upload to segments: plans the renditions of a video, has the transcoder make them, takes in what it makes,
//! and hands it out again as playlists and files.
//!
//! **Never:** links libav, believes what the transcoder says of paths, speaks HTTP, makes a video public by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kinora_model::id::Id;
use kinora_model::rendition::Rendition;
use kinora_order::Sandbox;
use kinora_service::Service;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

#[cfg(test)]
mod clips;
mod conductor;
pub mod config;
pub mod door;
pub mod download;
pub mod error;
pub mod files;
pub mod hls;
pub mod images;
mod intake;
pub mod jobs;
pub mod ladder;
pub mod metrics;
pub mod plan;
mod removal;
mod room;
mod runner;
mod running;
mod scratch;
mod seed;
pub mod shelf;
#[cfg(test)]
mod tests;
mod thumbnails;
pub mod torrent;

pub use config::Config;
pub use error::Error;
pub use jobs::Workers;
pub use ladder::Ladder;
pub use metrics::Metrics;

/// Segments that the files kept in memory may refer to.
const FILE_PARTS_MAX: u64 = 200_000;

/// Files whose parts are kept in memory, as a first guess.
const FILES_TYPICAL: usize = 256;

/// Pictures that are decoded at a time.
const PICTURES_AT_ONCE: usize = 2;

/// Downloads that are put together at a time.
const DOWNLOADS_AT_ONCE: usize = 2;

/// The media room: one a node, shared by all who work in it.
#[derive(Debug)]
pub struct Media {
    /// What all rooms share.
    pub service: Arc<Service>,
    /// The settings of this room.
    pub config: Config,
    /// Which qualities are made.
    pub ladder: Ladder,
    /// Who may have what.
    pub door: door::Door,
    /// Hot segments.
    pub shelf: shelf::Shelf,
    /// What is counted.
    pub metrics: Metrics,
    files: Cache<Id<Rendition>, Arc<files::File>, Parts>,
    scratch: PathBuf,
    running: running::Running,
    pictures: Semaphore,
    downloads: Semaphore,
    stopping: CancellationToken,
}

#[derive(Clone, Debug)]
struct Parts;

impl Weighter<Id<Rendition>, Arc<files::File>> for Parts {
    fn weight(&self, _: &Id<Rendition>, file: &Arc<files::File>) -> u64 {
        u64::try_from(file.parts()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

impl Media {
    /// The media room of a node that starts now. `scratch` is where transcoders write: a folder of its own, on the disk
    /// of the blobs; what a former run left there is removed.
    ///
    /// # Errors
    /// [`Error::Ladder`] if the ladder is not sound, [`Error::Io`] if `scratch` cannot be made.
    pub fn open(service: Arc<Service>, config: Config, scratch: PathBuf) -> Result<Self, Error> {
        let ladder = config.read_ladder()?;
        scratch::recover(&scratch)?;
        let scratch = scratch.canonicalize()?;
        Ok(Self {
            door: door::Door::new(&service),
            shelf: shelf::Shelf::with_bytes(config.cache_bytes),
            files: Cache::with_weighter(FILES_TYPICAL, FILE_PARTS_MAX, Parts),
            metrics: Metrics::default(),
            running: running::Running::default(),
            pictures: Semaphore::new(PICTURES_AT_ONCE),
            downloads: Semaphore::new(DOWNLOADS_AT_ONCE),
            stopping: CancellationToken::new(),
            service,
            config,
            ladder,
            scratch,
        })
    }

    /// The file of a rendition that is whole.
    ///
    /// # Errors
    /// [`Error::NotReady`] while it is being made, or if the store cannot be read.
    pub async fn file(&self, rendition: &Rendition) -> Result<Arc<files::File>, Error> {
        if let Some(file) = self.files.get(&rendition.id) {
            return Ok(file);
        }
        let file = Arc::new(files::File::of(&self.service.store, rendition).await?);
        self.files.insert(rendition.id, Arc::clone(&file));
        Ok(file)
    }

    fn forget_file(&self, rendition: Id<Rendition>) {
        self.files.remove(&rendition);
    }

    /// How well the transcoder can lock itself in on this machine; asked at the start, so that a weak sandbox or a
    /// missing program is known before the first upload.
    ///
    /// # Errors
    /// [`Error::NoTranscoder`], [`Error::Died`] if it does not say, [`Error::WeakSandbox`] if the settings ask for more.
    pub async fn sandbox_status(&self) -> Result<Sandbox, Error> {
        let sandbox = self.runner()?.sandbox().await?;
        if self.config.require_sandbox && !sandbox.is_full() {
            return Err(Error::WeakSandbox(format!("{sandbox:?}")));
        }
        Ok(sandbox)
    }

    fn runner(&self) -> Result<runner::Runner, Error> {
        let stall = Duration::from_secs(self.config.stall_timeout_s.max(1));
        Ok(runner::Runner::new(self.config.program()?, stall, self.metrics.clone()))
    }
}
