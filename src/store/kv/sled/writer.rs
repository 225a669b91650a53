//! The one thread that makes all commits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::sled::Db;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::super::{Batch, Row, Write, log_key, log_number};
use super::watchdog::{self, Pulse};
use super::{Request, Shared, SledConfig, bytes_of, folder, from_sled, open_db, scan};
use crate::error::Error;
use crate::kv::Range;

/// The most commits that are flushed together.
const GROUP_MAX: usize = 512;

/// The most bytes that are flushed together, beyond the first commit.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// How many rows a dump sends at a time.
const DUMP_ROWS: usize = 500;

/// How long a dump waits for its reader to take a page, while all commits wait.
const DAWDLE_MAX: Duration = Duration::from_secs(20);

/// The room that opening anew needs: a few segments of the log, and a snapshot.
const REOPEN_BYTES_MIN: u64 = 4 << 20;

type Reply = oneshot::Sender<Result<(), Error>>;

/// The last number of each log.
type Logs = HashMap<Vec<u8>, u64>;

/// Owns all writing to the database.
pub(super) struct Writer {
    config: SledConfig,
    db: Arc<Shared>,
    pulse: Arc<Pulse>,
    /// The last number of each log that was appended to.
    logs: Logs,
    /// True once a write has failed: sled then refuses all others until it is opened anew.
    broken: bool,
}

/// Commits that will land together.
#[derive(Default)]
struct Group {
    /// What keys will be once the group has landed; `None` for those that will be gone.
    pending: HashMap<Vec<u8>, Option<Bytes>>,
    /// The last numbers of logs once the group has landed.
    logs: Logs,
    bytes: usize,
    replies: Vec<Reply>,
    /// Those whose batch conflicts with one of the group. They are told once it has landed: told before, they would read
    /// again what was there before, and come back with the same conflict.
    lost: Vec<Reply>,
}

impl Writer {
    pub(super) fn new(config: SledConfig, db: Arc<Shared>) -> Self {
        Self { config, db, pulse: Arc::default(), logs: Logs::new(), broken: false }
    }

    /// Serves until nobody can ask any more.
    pub(super) fn run(mut self, mut waiting: mpsc::Receiver<Request>) {
        // A writer that panics in the middle of a group must not leave others waiting for it for ever.
        let _guard = AbortOnPanic;
        if let Err(error) = watchdog::watch(&self.pulse, self.config.watchdog) {
            tracing::warn!(%error, "the store runs without its watchdog: {error}");
        }
        while let Some(request) = waiting.blocking_recv() {
            self.pulse.beat();
            let mut group = Group::default();
            let mut next = Some(request);
            while let Some(request) = next {
                match request {
                    Request::Commit(batch, reply) => self.join(&mut group, batch, reply),
                    Request::Dump(rows) => {
                        self.land(std::mem::take(&mut group));
                        self.dump(&rows);
                    }
                }
                let full = group.replies.len().saturating_add(group.lost.len()) >= GROUP_MAX
                    || group.bytes >= GROUP_BYTES_MAX;
                next = if full { None } else { waiting.try_recv().ok() };
            }
            self.land(group);
            self.pulse.rest();
        }
    }

    /// Adds a batch to a group if all that it expects will hold; otherwise answers at once.
    fn join(&self, group: &mut Group, batch: Batch, reply: Reply) {
        let pending = |(key, expected): (&Vec<u8>, &Option<Bytes>)| {
            group.pending.get(key).is_some_and(|pending| pending != expected)
        };
        if batch.expectations.iter().any(pending) {
            self.config.metrics.refused(&Error::Conflict);
            group.lost.push(reply);
            return;
        }
        let joined = self.db.read(|db| {
            for (key, expected) in &batch.expectations {
                if group.pending.contains_key(key) {
                    continue;
                }
                if db.get(key).map_err(from_sled)?.map(bytes_of) != *expected {
                    return Err(Error::Conflict);
                }
            }
            self.number(db, group, batch.appends)
        });
        match joined {
            Ok((appended, logs)) => {
                group.logs.extend(logs);
                appended.into_iter().for_each(|(key, value)| group.put(key, Some(value)));
                for (key, write) in batch.writes {
                    let value = match write {
                        Write::Put(value) => Some(value),
                        Write::Delete => None,
                    };
                    group.put(key, value);
                }
                group.replies.push(reply);
            }
            Err(error) => {
                self.config.metrics.refused(&error);
                // Whoever asked may have stopped waiting.
                drop(reply.send(Err(error)));
            }
        }
    }

    /// Gives values that are appended their keys; also returns the last number of each of their logs.
    fn number(
        &self,
        db: &Db,
        group: &Group,
        appends: Vec<(Vec<u8>, Bytes)>,
    ) -> Result<(Vec<Row>, Logs), Error> {
        let (mut appended, mut logs) = (Vec::with_capacity(appends.len()), Logs::new());
        for (log, value) in appends {
            let known = logs.get(&log).or_else(|| group.logs.get(&log));
            let number = match known.or_else(|| self.logs.get(&log)) {
                Some(last) => last.saturating_add(1),
                None => {
                    let last = scan(db, &Range::prefix(&log).reversed(), 1)?;
                    log_number(&log, last.first().map(|(key, _)| key.as_slice()))
                }
            };
            appended.push((log_key(&log, number), value));
            logs.insert(log, number);
        }
        Ok((appended, logs))
    }

    /// Writes and flushes a group, then answers everybody in it.
    fn land(&mut self, group: Group) {
        if group.replies.is_empty() {
            // Nothing landed, and so nobody lost.
            return;
        }
        let commits = group.replies.len();
        let begun = Instant::now();
        match self.write(&group.pending) {
            Ok(()) => {
                self.logs.extend(group.logs);
                self.config.metrics.landed(commits, begun.elapsed());
                group.replies.into_iter().for_each(|reply| drop(reply.send(Ok(()))));
            }
            Err(error) => {
                self.logs.clear();
                for reply in group.replies {
                    self.config.metrics.refused(&error);
                    drop(reply.send(Err(again(&error))));
                }
            }
        }
        group.lost.into_iter().for_each(|reply| drop(reply.send(Err(Error::Conflict))));
    }

    fn write(&mut self, pending: &HashMap<Vec<u8>, Option<Bytes>>) -> Result<(), Error> {
        let free = folder::free_bytes(&self.config.dir).map_err(Error::from_io)?;
        if free < self.config.reserve_bytes {
            tracing::warn!(free_bytes = free, "refused a commit: the disk is nearly full");
            return Err(Error::NoSpace);
        }
        if self.broken {
            self.reopen()?;
        }
        let mut batch = ::sled::Batch::default();
        for (key, value) in pending {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_ref()),
                None => batch.remove(key.as_slice()),
            }
        }
        let written = self.db.read(|db| {
            db.apply_batch(batch).map_err(from_sled)?;
            db.flush().map(drop).map_err(from_sled)
        });
        if let Err(error) = &written {
            self.broken = true;
            tracing::error!(%error, "the store could not write: {error}");
        }
        // Some of it may be on disk: only the next opening decides whether the group landed.
        written.map_err(|error| Error::Unavailable(format!("a write broke off: {error}")))
    }

    /// Opens a database anew that refuses to write since a write failed.
    fn reopen(&mut self) -> Result<(), Error> {
        // The log grows by whole segments, and opening writes a snapshot: without room, it would only fail again.
        let free = folder::free_bytes(&self.config.dir).map_err(Error::from_io)?;
        if free < REOPEN_BYTES_MIN {
            return Err(Error::NoSpace);
        }
        let SledConfig { dir, cache_bytes, .. } = &self.config;
        let reopened = self.db.reopen(|| open_db(dir, *cache_bytes));
        if let Err(error) = reopened {
            tracing::error!(%error, "the store cannot be opened anew: ending the process");
            std::process::abort();
        }
        tracing::info!("the store was opened anew and writes again");
        self.broken = false;
        Ok(())
    }

    /// Sends all rows. Nothing else writes, so that they are of one moment.
    fn dump(&self, rows: &mpsc::Sender<Result<Vec<Row>, Error>>) {
        let mut rest = Range::prefix(&[]);
        loop {
            let page = self.db.read(|db| scan(db, &rest, DUMP_ROWS));
            let last = page.as_ref().ok().and_then(|page| page.last());
            let next = last.map(|(key, _)| rest.clone().after(key));
            let over = next.is_none() && page.is_ok();
            if over || !send(rows, page, &self.pulse) {
                return;
            }
            let Some(next) = next else { return };
            rest = next;
        }
    }
}

/// Sends a page as soon as there is a place for it; false if nobody wants it or its reader dawdles.
fn send(
    rows: &mpsc::Sender<Result<Vec<Row>, Error>>,
    mut page: Result<Vec<Row>, Error>,
    pulse: &Pulse,
) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < DAWDLE_MAX {
        pulse.beat();
        match rows.try_send(page) {
            Ok(()) => return true,
            Err(mpsc::error::TrySendError::Closed(_)) => return false,
            Err(mpsc::error::TrySendError::Full(again)) => {
                page = again;
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
    tracing::warn!("a dump of the store was ended: nobody took its rows");
    false
}

impl Group {
    fn put(&mut self, key: Vec<u8>, value: Option<Bytes>) {
        let bytes = value.as_ref().map_or(0, Bytes::len).saturating_add(key.len());
        self.bytes = self.bytes.saturating_add(bytes);
        self.pending.insert(key, value);
    }
}

/// The same error once more, for another who waited.
fn again(error: &Error) -> Error {
    match error {
        Error::NoSpace => Error::NoSpace,
        Error::Unavailable(why) => Error::Unavailable(why.clone()),
        other => Error::Unavailable(other.to_string()),
    }
}

/// Ends the process if the writer panics.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the store's writer panicked: ending the process");
            std::process::abort();
        }
    }
}
