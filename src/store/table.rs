//! Typed tables over ordered bytes: rows with a key, a version and indexes that are written with them.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, CodecError};
use crate::error::Error;
use crate::kv::{Batch, Kv, Range, SCAN_MAX};
use crate::wakes::{Touched, Wakes};

/// A table's place in the one key space: its byte stands first in every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The first byte of its keys; never given to another table, even once this one is gone.
    pub byte: u8,
    /// Its name in errors and metrics.
    pub name: &'static str,
}

impl Table {
    /// The key of this table with these parts, one after another.
    #[must_use]
    pub fn key(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
        key.push(self.byte);
        parts.iter().for_each(|part| key.extend_from_slice(part));
        key
    }
}

/// An index entry: a key that leads to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The whole key, table byte first.
    pub key: Vec<u8>,
    /// What stands there: the row's key, usually.
    pub value: Bytes,
    /// True if no other row may have the same key: a second insert is a conflict.
    pub unique: bool,
}

/// Something kept in a table.
pub trait Row: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where.
    const TABLE: Table;
    /// The version that is written now.
    const VERSION: u8 = 1;

    /// The row's key within its table.
    fn key(&self) -> Vec<u8>;

    /// The entries that lead to it; they are written, moved and deleted with it.
    fn entries(&self) -> Vec<Entry> {
        Vec::new()
    }

    /// Reads an older version; an old shape stays beside the new one as `FooV1`.
    ///
    /// # Errors
    /// If the version is unknown or the bytes are not of it.
    fn upgrade(version: u8, _rest: &[u8]) -> Result<Self, CodecError> {
        Err(codec::unknown(version))
    }
}

/// A row as it was read: its bytes are what a later batch expects.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    row: T,
    raw: Bytes,
}

impl<T> Stored<T> {
    /// The row alone.
    pub fn into_row(self) -> T {
        self.row
    }

    /// True if both were read as the same bytes.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<T> Deref for Stored<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.row
    }
}

/// The whole key of the row of `T` whose key within the table is `key`.
#[must_use]
pub fn row_key<T: Row>(key: &[u8]) -> Vec<u8> {
    T::TABLE.key(&[key])
}

fn encode<T: Row>(row: &T) -> Result<Bytes, Error> {
    codec::encode(T::VERSION, row).map_err(|reason| Error::Corrupt { table: T::TABLE.name, reason })
}

fn decode<T: Row>(raw: &[u8]) -> Result<T, Error> {
    let read = || {
        let (version, rest) = codec::version(raw)?;
        if version == T::VERSION { codec::decode(rest) } else { T::upgrade(version, rest) }
    };
    read().map_err(|reason| Error::Corrupt { table: T::TABLE.name, reason })
}

impl Batch {
    /// Inserts a row that must not exist, with its entries.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the row cannot be encoded.
    pub fn insert_row<T: Row>(&mut self, row: &T) -> Result<(), Error> {
        self.insert(row_key::<T>(&row.key()), encode(row)?);
        for entry in row.entries() {
            self.put_entry(entry);
        }
        Ok(())
    }

    /// Puts a row whatever was there before. Only for rows whose entries follow from their key: others would leave
    /// entries behind.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the row cannot be encoded.
    pub fn put_row<T: Row>(&mut self, row: &T) -> Result<(), Error> {
        self.put(row_key::<T>(&row.key()), encode(row)?);
        row.entries().into_iter().for_each(|entry| self.put(entry.key, entry.value));
        Ok(())
    }

    /// Replaces a row that must still be as it was read; entries that changed move with it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the row cannot be encoded.
    pub fn replace_row<T: Row>(&mut self, old: &Stored<T>, new: &T) -> Result<(), Error> {
        let key = row_key::<T>(&old.key());
        self.expect(key.clone(), old.raw.clone());
        self.put(key, encode(new)?);
        let (before, after) = (old.entries(), new.entries());
        for gone in before.iter().filter(|entry| !after.iter().any(|kept| kept.key == entry.key)) {
            self.delete(gone.key.clone());
        }
        for entry in after {
            if !before.contains(&entry) {
                self.put_entry(entry);
            }
        }
        Ok(())
    }

    /// Deletes a row that must still be as it was read, with its entries.
    pub fn delete_row<T: Row>(&mut self, old: &Stored<T>) {
        let key = row_key::<T>(&old.key());
        self.expect(key.clone(), old.raw.clone());
        self.delete(key);
        old.entries().into_iter().for_each(|entry| self.delete(entry.key));
    }

    /// Expects a row to be still as it was read, without changing it.
    pub fn expect_row<T: Row>(&mut self, read: &Stored<T>) {
        self.expect(row_key::<T>(&read.key()), read.raw.clone());
    }

    fn put_entry(&mut self, entry: Entry) {
        if entry.unique {
            self.insert(entry.key, entry.value);
        } else {
            self.put(entry.key, entry.value);
        }
    }
}

/// The tables of a node, over one engine.
#[derive(Clone, Debug)]
pub struct Store {
    kv: Arc<dyn Kv>,
    wakes: Arc<Wakes>,
}

impl Store {
    /// Tables over an engine.
    #[must_use]
    pub fn new(kv: Arc<dyn Kv>) -> Self {
        Self { kv, wakes: Arc::default() }
    }

    /// The engine itself, for what is not a table.
    #[must_use]
    pub fn kv(&self) -> &Arc<dyn Kv> {
        &self.kv
    }

    /// Who waits for commits through this store and its clones.
    pub(crate) fn wakes(&self) -> &Wakes {
        &self.wakes
    }

    /// The row with this key within its table.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::Unavailable`].
    pub async fn get<T: Row>(&self, key: &[u8]) -> Result<Option<Stored<T>>, Error> {
        let raw = self.kv.get(&row_key::<T>(key)).await?;
        raw.map(|raw| Ok(Stored { row: decode(&raw)?, raw })).transpose()
    }

    /// The rows with these keys, in their order; `None` where there is none.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn get_many<T: Row>(
        &self,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Option<Stored<T>>>, Error> {
        let keys: Vec<_> = keys.iter().map(|key| row_key::<T>(key)).collect();
        let rows = self.kv.get_many(&keys).await?;
        let read =
            |raw: Option<Bytes>| raw.map(|raw| Ok(Stored { row: decode(&raw)?, raw })).transpose();
        rows.into_iter().map(read).collect()
    }

    /// The row that a unique entry leads to.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn find<T: Row>(&self, entry_key: &[u8]) -> Result<Option<Stored<T>>, Error> {
        match self.kv.get(entry_key).await? {
            Some(key) => self.get(&key).await,
            None => Ok(None),
        }
    }

    /// Rows whose keys within the table begin with `prefix`, upwards, at most `limit`.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn list<T: Row>(&self, prefix: &[u8], limit: usize) -> Result<Vec<Stored<T>>, Error> {
        self.list_range(&Range::prefix(&row_key::<T>(prefix)), limit).await
    }

    /// Rows of a span of whole keys of `T`'s table, at most `limit`.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn list_range<T: Row>(
        &self,
        range: &Range,
        limit: usize,
    ) -> Result<Vec<Stored<T>>, Error> {
        let rows = self.kv.scan(range, limit).await?;
        rows.into_iter().map(|(_, raw)| Ok(Stored { row: decode(&raw)?, raw })).collect()
    }

    /// The rows that the entries of a span lead to, in the order of the entries, at most `limit`.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn follow<T: Row>(
        &self,
        range: &Range,
        limit: usize,
    ) -> Result<Vec<Stored<T>>, Error> {
        let entries = self.kv.scan(range, limit).await?;
        let keys: Vec<_> = entries.into_iter().map(|(_, key)| key.to_vec()).collect();
        Ok(self.get_many(&keys).await?.into_iter().flatten().collect())
    }

    /// How many keys a span has.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn count(&self, range: &Range) -> Result<usize, Error> {
        let (mut total, mut rest) = (0_usize, range.clone());
        loop {
            let page = self.kv.scan(&rest, SCAN_MAX).await?;
            total = total.saturating_add(page.len());
            match page.last() {
                Some((last, _)) if page.len() == SCAN_MAX => rest = rest.after(last),
                _ => return Ok(total),
            }
        }
    }

    /// Lands a batch, then wakes the workers of the jobs and the followers of the events in it. Commits that go past
    /// this store wake nobody.
    ///
    /// # Errors
    /// As [`Kv::commit`].
    pub async fn commit(&self, batch: Batch) -> Result<(), Error> {
        let touched = Touched::by(&batch);
        if touched == Touched::default() {
            return self.kv.commit(batch).await;
        }
        // A caller that stops waiting, as a request does whose client hangs up, must not keep others asleep: the batch
        // may land all the same.
        let (kv, wakes) = (Arc::clone(&self.kv), Arc::clone(&self.wakes));
        let landing = tokio::spawn(async move {
            kv.commit(batch).await?;
            wakes.wake(touched);
            Ok(())
        });
        landing.await.map_err(|error| Error::Unavailable(error.to_string()))?
    }
}
