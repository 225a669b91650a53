//! The embedded engine: sled 0.34, with one thread that makes all commits.
//!
//! Commits that arrive together are checked one after another, written as one atomic batch of sled, flushed once, and
//! answered after the flush. Because one thread writes, expectations are checked by plain reads and no transaction of
//! sled is needed. Reads go straight to sled: microseconds, and free of the writer; they may see a commit a moment
//! before its flush.
//!
//! A disk that is nearly full (less than [`SledConfig::reserve_bytes`] free) refuses commits with [`Error::NoSpace`]
//! before sled notices, since a failed write makes sled refuse all later ones. Should one fail all the same, reads go
//! on, commits are refused, and the engine is opened anew once there is room.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use ::sled::Db;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{Batch, Kv, Range, Row, SCAN_MAX};
use crate::error::Error;
use crate::metrics::Metrics;

mod compact;
mod folder;
mod watchdog;
mod writer;

pub use compact::{Compacted, compact, fill};

/// How many commits may wait for the writer; more wait for a place.
const WAITING_MAX: usize = 1_024;

/// How often sled's file is tried while it is still closed behind us.
const OPEN_TRIES_MAX: u32 = 250;

/// How long to wait between those tries.
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// How the engine is opened.
#[derive(Clone, Debug)]
pub struct SledConfig {
    /// The folder of the rows; made if it is not there. Names beside it (`….lock`, `….new`) are the engine's too.
    pub dir: PathBuf,
    /// Bytes of rows that are kept in memory.
    pub cache_bytes: u64,
    /// Bytes that must be free on the disk for a commit to be taken.
    pub reserve_bytes: u64,
    /// How long the writer may work on one group of commits before the process is ended, to be started anew.
    pub watchdog: Duration,
    /// Where the engine counts what it does.
    pub metrics: Metrics,
}

impl SledConfig {
    /// The default settings, for a folder.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        crate::config::Config::default().sled(dir, Metrics::default())
    }
}

/// What the writer is asked to do.
enum Request {
    /// Land a batch, and say whether it landed.
    Commit(Batch, oneshot::Sender<Result<(), Error>>),
    /// Send all rows as they are now.
    Dump(mpsc::Sender<Result<Vec<Row>, Error>>),
}

/// The open engine. Dropping it waits for the commits under way, and lets another process open the folder.
#[derive(Debug)]
pub struct Sled {
    db: Arc<Shared>,
    requests: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    _lock: folder::Lock,
}

/// The database, which the writer may have to open anew.
#[derive(Debug)]
pub(super) struct Shared(RwLock<Option<Db>>);

impl Shared {
    /// Reads; waits while the database is opened anew.
    fn read<R>(&self, read: impl FnOnce(&Db) -> Result<R, Error>) -> Result<R, Error> {
        let db = self.0.read().unwrap_or_else(PoisonError::into_inner);
        db.as_ref().map_or_else(|| Err(Error::Unavailable("it is closed".to_owned())), read)
    }

    /// Closes the database and opens it anew. Readers wait.
    fn reopen(&self, open: impl FnOnce() -> Result<Db, Error>) -> Result<(), Error> {
        let mut db = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *db = None;
        *db = Some(open()?);
        Ok(())
    }
}

impl Sled {
    /// Opens the engine: locks the folder, ends what a crash interrupted, and starts the writer.
    ///
    /// # Errors
    /// [`Error::InUse`] if another process has the folder open, [`Error::NoSpace`], [`Error::Io`] or
    /// [`Error::Unavailable`] if it cannot be opened.
    pub fn open(config: SledConfig) -> Result<Self, Error> {
        let lock = folder::Lock::take(&config.dir)?;
        folder::settle(&config.dir)?;
        let db = open_db(&config.dir, config.cache_bytes)?;
        let shared = Arc::new(Shared(RwLock::new(Some(db))));
        let (requests, waiting) = mpsc::channel(WAITING_MAX);
        let writer = writer::Writer::new(config, Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        let writer = thread.spawn(move || writer.run(waiting)).map_err(Error::from_io)?;
        Ok(Self { db: shared, requests: Some(requests), writer: Some(writer), _lock: lock })
    }

    /// The bytes that the folder takes on disk.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn size_on_disk(&self) -> Result<u64, Error> {
        self.db.read(|db| db.size_on_disk().map_err(from_sled))
    }

    async fn ask(&self, request: Request) -> Result<(), Error> {
        let requests = self.requests.as_ref().ok_or_else(stopped)?;
        requests.send(request).await.map_err(|_closed| stopped())
    }
}

impl Drop for Sled {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(writer) = self.writer.take() {
            // The writer ends once it has answered what was asked; a panic in it ended the process.
            drop(writer.join());
        }
    }
}

#[async_trait]
impl Kv for Sled {
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.db.read(|db| Ok(db.get(key).map_err(from_sled)?.map(bytes_of)))
    }

    async fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>, Error> {
        self.db.read(|db| {
            let get = |key: &Vec<u8>| Ok(db.get(key).map_err(from_sled)?.map(bytes_of));
            keys.iter().map(get).collect()
        })
    }

    async fn scan(&self, range: &Range, limit: usize) -> Result<Vec<Row>, Error> {
        self.db.read(|db| scan(db, range, limit))
    }

    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Commit(batch, reply)).await?;
        answer.await.map_err(|_closed| stopped())?
    }

    /// Commits wait until the last row is taken: whoever dumps must not dawdle.
    async fn dump(&self, rows: mpsc::Sender<Result<Vec<Row>, Error>>) -> Result<(), Error> {
        self.ask(Request::Dump(rows)).await
    }
}

fn scan(db: &Db, range: &Range, limit: usize) -> Result<Vec<Row>, Error> {
    if range.from >= range.to {
        return Ok(Vec::new());
    }
    let rows = db.range(range.from.as_slice()..range.to.as_slice());
    let limit = limit.min(SCAN_MAX);
    let owned = |row: ::sled::Result<(::sled::IVec, ::sled::IVec)>| {
        row.map(|(key, value)| (key.to_vec(), bytes_of(value))).map_err(from_sled)
    };
    if range.reverse {
        rows.rev().take(limit).map(owned).collect()
    } else {
        rows.take(limit).map(owned).collect()
    }
}

/// Opens the database of a folder. Nothing is flushed behind our back: the writer flushes before it answers.
fn open_db(dir: &Path, cache_bytes: u64) -> Result<Db, Error> {
    folder::remove_half_snapshots(dir)?;
    let config = ::sled::Config::new().path(dir).cache_capacity(cache_bytes);
    let config = config.flush_every_ms(None);
    // sled closes its file some time after the last handle is gone. Our own lock says that nobody else has it.
    for _ in 1..OPEN_TRIES_MAX {
        match config.open() {
            Err(error) if is_lock(&error) => std::thread::sleep(OPEN_PAUSE),
            opened => return opened.map_err(from_sled),
        }
    }
    config.open().map_err(|error| match error {
        error if is_lock(&error) => Error::InUse(dir.to_owned()),
        error => from_sled(error),
    })
}

/// True if sled's own file is locked; it says so in words only.
fn is_lock(error: &::sled::Error) -> bool {
    matches!(error, ::sled::Error::Io(error) if error.to_string().contains("acquire lock"))
}

#[expect(clippy::needless_pass_by_value, reason = "used to map over owned values")]
fn bytes_of(value: ::sled::IVec) -> Bytes {
    Bytes::copy_from_slice(&value)
}

fn from_sled(error: ::sled::Error) -> Error {
    match error {
        ::sled::Error::Io(error) => match Error::from_io(error) {
            Error::NoSpace => Error::NoSpace,
            other => Error::Unavailable(source_of(&other)),
        },
        other => Error::Unavailable(other.to_string()),
    }
}

fn source_of(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn stopped() -> Error {
    Error::Unavailable("the writer has stopped".to_owned())
}

#[cfg(test)]
mod tests;
