//! The journal: what happened, numbered in the order in which it landed, for rooms that follow it.

use std::time::Duration;

use bytes::Bytes;
use kinora_model::clock::Timestamp;
use kinora_model::event::Event;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::codec::{self, CodecError};
use crate::error::Error;
use crate::kv::{Batch, Range, log_key, log_number};
use crate::table::{Row, Store, Table, row_key};
use crate::tables::{CURSORS, JOURNAL};

/// How many entries one [`Journal::trim`] removes at most.
pub const TRIM_MAX: usize = 1_000;

/// How many entries one [`Journal::read`] returns at most.
pub const READ_MAX: usize = 1_000;

const VERSION: u8 = 1;

/// What happened, over the tables of a node.
#[derive(Clone, Debug)]
pub struct Journal {
    store: Store,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1; grows by one with each entry.
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// An entry as it is kept: the event as JSON, since postcard cannot read tagged enums.
#[derive(Serialize, Deserialize)]
struct Kept {
    at: Timestamp,
    json: String,
}

/// How far a follower has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    name: String,
    number: u64,
}

impl Row for Cursor {
    const TABLE: Table = CURSORS;
    fn key(&self) -> Vec<u8> {
        self.name.as_bytes().to_vec()
    }
}

fn corrupt(reason: CodecError) -> Error {
    Error::Corrupt { table: JOURNAL.name, reason }
}

fn log() -> Vec<u8> {
    JOURNAL.key(&[])
}

impl Journal {
    /// The journal in these tables.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Adds to a batch that something happened at `at`; it gets its number as the batch lands.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the event cannot be written as a row.
    pub fn record(&self, batch: &mut Batch, event: &Event, at: Timestamp) -> Result<(), Error> {
        let json = serde_json::to_string(event).map_err(|error| corrupt(error.to_string()))?;
        batch.append(log(), codec::encode(VERSION, &Kept { at, json }).map_err(corrupt)?);
        Ok(())
    }

    /// The entries after number `after`, at most `limit` and at most [`READ_MAX`]. Whoever has seen number n never
    /// misses one below n.
    ///
    /// # Errors
    /// As [`Store::get`]; [`Error::Corrupt`] for an event that this program does not know.
    pub async fn read(&self, after: u64, limit: usize) -> Result<Vec<Entry>, Error> {
        let range = Range::prefix(&log()).after(&log_key(&log(), after));
        let rows = self.store.kv().scan(&range, limit.min(READ_MAX)).await?;
        rows.iter().map(|(key, raw)| read_entry(key, raw)).collect()
    }

    /// The number of the last entry, 0 if nothing ever happened.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn head(&self) -> Result<u64, Error> {
        let last = self.store.kv().scan(&Range::prefix(&log()).reversed(), 1).await?;
        Ok(last.first().map_or(0, |(key, _)| number_of(key)))
    }

    /// The number of the oldest entry that is kept, 0 if nothing ever happened. A follower whose cursor is below the
    /// number before this one missed something, and must build its state anew.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn tail(&self) -> Result<u64, Error> {
        let first = self.store.kv().scan(&Range::prefix(&log()), 1).await?;
        Ok(first.first().map_or(0, |(key, _)| number_of(key)))
    }

    /// Changes with each commit that adds entries. Subscribe, read to the end, then wait: nothing is missed.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.store.wakes().journal()
    }

    /// How far the follower `name` has read, 0 if it never said.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn cursor(&self, name: &str) -> Result<u64, Error> {
        let cursor = self.store.get::<Cursor>(name.as_bytes()).await?;
        Ok(cursor.map_or(0, |cursor| cursor.number))
    }

    /// Adds to a batch that the follower `name` has read up to `number`, together with what it made of that.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it cannot be written as a row.
    pub fn put_cursor(&self, batch: &mut Batch, name: &str, number: u64) -> Result<(), Error> {
        let cursor = Cursor { name: name.to_owned(), number };
        let raw = codec::encode(Cursor::VERSION, &cursor)
            .map_err(|reason| Error::Corrupt { table: CURSORS.name, reason })?;
        batch.put(row_key::<Cursor>(&cursor.key()), raw);
        Ok(())
    }

    /// Removes entries that are older than `keep`, at most [`TRIM_MAX`] a call; returns how many. The last entry always
    /// stays, because the numbers go on from it.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn trim(&self, now: Timestamp, keep: Duration) -> Result<usize, Error> {
        let rows = self.store.kv().scan(&Range::prefix(&log()), TRIM_MAX.saturating_add(1)).await?;
        let mut batch = Batch::default();
        let (mut removed, oldest) = (0_usize, now.before(keep));
        for (key, raw) in rows.iter().take(rows.len().saturating_sub(1)) {
            let at = read_kept(raw).map(|kept| kept.at);
            if at.is_ok_and(|at| at >= oldest) {
                break;
            }
            batch.delete(key.clone());
            removed = removed.saturating_add(1);
        }
        if removed > 0 {
            self.store.commit(batch).await?;
        }
        Ok(removed)
    }
}

fn number_of(key: &[u8]) -> u64 {
    log_number(&log(), Some(key)).saturating_sub(1)
}

fn read_kept(raw: &Bytes) -> Result<Kept, Error> {
    let (version, rest) = codec::version(raw).map_err(corrupt)?;
    if version != VERSION {
        return Err(corrupt(format!("version {version} is not known")));
    }
    codec::decode(rest).map_err(corrupt)
}

fn read_entry(key: &[u8], raw: &Bytes) -> Result<Entry, Error> {
    let kept = read_kept(raw)?;
    let event = serde_json::from_str(&kept.json).map_err(|error| corrupt(error.to_string()))?;
    Ok(Entry { number: number_of(key), at: kept.at, event })
}

#[cfg(test)]
mod tests;
