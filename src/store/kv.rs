//! The seam of storage: ordered bytes, and batches that land whole or not at all.
//!
//! Every engine keeps one ordered map from byte strings to byte strings. The first byte of a key is its table.
//! Tables, indexes and use cases are written once above it.

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::error::Error;

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod memory;
pub mod sled;

/// The most rows that one scan returns, whatever it asks for.
pub const SCAN_MAX: usize = 10_000;

/// A key and its value.
pub type Row = (Vec<u8>, Bytes);

/// A span of keys to scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first key that may be returned.
    pub from: Vec<u8>,
    /// The first key that may no longer be returned.
    pub to: Vec<u8>,
    /// True to begin at the end and go down.
    pub reverse: bool,
}

impl Range {
    /// All keys that begin with `prefix`, upwards.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { from: prefix.to_vec(), to: after_prefix(prefix), reverse: false }
    }

    /// The same span, from its end down.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { reverse: true, ..self }
    }

    /// The part of the span beyond `key` in its direction: how a reader goes on after a full page.
    #[must_use]
    pub fn after(self, key: &[u8]) -> Self {
        if self.reverse {
            return Self { to: key.to_vec(), ..self };
        }
        let mut from = key.to_vec();
        from.push(0);
        Self { from, ..self }
    }
}

/// The first key after all that begin with `prefix`; for a prefix of 0xff bytes only, a key longer than any in use.
fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last.saturating_add(1));
            return end;
        }
    }
    vec![u8::MAX; 64]
}

/// What becomes of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// It has this value.
    Put(Bytes),
    /// It is gone.
    Delete,
}

/// Expectations and writes that land together or not at all. Later writes of the same key win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// What must be so when the batch lands: a key's exact value, or its absence.
    pub(crate) expectations: BTreeMap<Vec<u8>, Option<Bytes>>,
    /// What is written.
    pub(crate) writes: BTreeMap<Vec<u8>, Write>,
    /// Values that get the next number of a log as they land: prefix of the log and value, in order.
    pub(crate) appends: Vec<(Vec<u8>, Bytes)>,
}

impl Batch {
    /// True if it neither expects nor writes anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expectations.is_empty() && self.writes.is_empty() && self.appends.is_empty()
    }

    /// Expects a key to have this value still.
    pub fn expect(&mut self, key: Vec<u8>, value: Bytes) {
        self.expectations.insert(key, Some(value));
    }

    /// Puts a key that must be absent.
    pub fn insert(&mut self, key: Vec<u8>, value: Bytes) {
        self.expectations.insert(key.clone(), None);
        self.put(key, value);
    }

    /// Puts a key, whatever it had.
    pub fn put(&mut self, key: Vec<u8>, value: Bytes) {
        self.writes.insert(key, Write::Put(value));
    }

    /// Deletes a key, whether it is there or not.
    pub fn delete(&mut self, key: Vec<u8>) {
        self.writes.insert(key, Write::Delete);
    }

    /// Appends to a log: as the batch lands, the engine writes `value` at `log` followed by the log's next number
    /// (eight big-endian bytes, from 1). Numbers follow the order in which batches land, so that a reader who has
    /// seen number n never misses one below n.
    pub fn append(&mut self, log: Vec<u8>, value: Bytes) {
        self.appends.push((log, value));
    }

    /// Adds all of another batch.
    pub fn merge(&mut self, other: Self) {
        self.expectations.extend(other.expectations);
        self.writes.extend(other.writes);
        self.appends.extend(other.appends);
    }
}

/// An engine: memory, sled, later PostgreSQL. All pass one conformance suite.
#[async_trait]
pub trait Kv: Debug + Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the engine cannot read.
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error>;

    /// The values of several keys, in their order. Not one snapshot.
    ///
    /// # Errors
    /// As [`Kv::get`].
    async fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>, Error>;

    /// Keys and values of a span, in its direction, at most `limit` and at most [`SCAN_MAX`]. Not a snapshot
    /// across calls.
    ///
    /// # Errors
    /// As [`Kv::get`].
    async fn scan(&self, range: &Range, limit: usize) -> Result<Vec<Row>, Error>;

    /// Lands a batch: when this returns `Ok`, it survives kill -9 and loss of power.
    ///
    /// # Errors
    /// [`Error::Conflict`] if an expectation does not hold (what is in its way has landed, and is seen by whoever reads
    /// again), [`Error::NoSpace`] if there is no room; nothing of it was
    /// then written. [`Error::Unavailable`] if the engine stopped in the middle: it then landed whole or not at all.
    async fn commit(&self, batch: Batch) -> Result<(), Error>;

    /// Sends all rows as they are at one moment, in the order of their keys, in pages, then drops `rows`. What fails on
    /// the way is sent too, and ends it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the engine has stopped.
    async fn dump(&self, rows: mpsc::Sender<Result<Vec<Row>, Error>>) -> Result<(), Error>;
}

/// The key of entry `number` of a log.
pub(crate) fn log_key(log: &[u8], number: u64) -> Vec<u8> {
    [log, &number.to_be_bytes()].concat()
}

/// The number after that of the log's last key.
pub(crate) fn log_number(log: &[u8], last: Option<&[u8]>) -> u64 {
    let tail = last.and_then(|key| key.get(log.len()..)).and_then(|tail| tail.try_into().ok());
    tail.map_or(0, u64::from_be_bytes).saturating_add(1)
}
