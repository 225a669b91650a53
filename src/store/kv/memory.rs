//! The engine of tests: a map behind a lock. It forgets all when it is dropped.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::{Batch, Kv, Range, Row, SCAN_MAX, Write};
use crate::error::Error;

/// An ordered map in memory.
#[derive(Debug, Default)]
pub struct Memory {
    map: Mutex<BTreeMap<Vec<u8>, Bytes>>,
}

impl Memory {
    fn with<R>(&self, work: impl FnOnce(&mut BTreeMap<Vec<u8>, Bytes>) -> R) -> R {
        work(&mut self.map.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Kv for Memory {
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        Ok(self.with(|map| map.get(key).cloned()))
    }

    async fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Bytes>>, Error> {
        Ok(self.with(|map| keys.iter().map(|key| map.get(key).cloned()).collect()))
    }

    async fn scan(&self, range: &Range, limit: usize) -> Result<Vec<Row>, Error> {
        if range.from >= range.to {
            return Ok(Vec::new());
        }
        let limit = limit.min(SCAN_MAX);
        let bounds = (Bound::Included(range.from.clone()), Bound::Excluded(range.to.clone()));
        let owned = |(key, value): (&Vec<u8>, &Bytes)| (key.clone(), value.clone());
        Ok(self.with(|map| {
            let rows = map.range(bounds);
            if range.reverse {
                rows.rev().take(limit).map(owned).collect()
            } else {
                rows.take(limit).map(owned).collect()
            }
        }))
    }

    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        self.with(|map| {
            let holds = |(key, value): (&Vec<u8>, &Option<Bytes>)| map.get(key) == value.as_ref();
            if !batch.expectations.iter().all(holds) {
                return Err(Error::Conflict);
            }
            for (key, write) in batch.writes {
                match write {
                    Write::Put(value) => map.insert(key, value),
                    Write::Delete => map.remove(&key),
                };
            }
            for (log, value) in batch.appends {
                let range = Range::prefix(&log);
                let last = map.range(range.from..range.to).next_back().map(|(key, _)| key.clone());
                map.insert(super::log_key(&log, super::log_number(&log, last.as_deref())), value);
            }
            Ok(())
        })
    }

    async fn dump(&self, rows: mpsc::Sender<Result<Vec<Row>, Error>>) -> Result<(), Error> {
        let all = self.with(|map| map.clone());
        // The caller takes the pages after this returns.
        tokio::spawn(async move {
            let all: Vec<Row> = all.into_iter().collect();
            for page in all.chunks(SCAN_MAX) {
                if rows.send(Ok(page.to_vec())).await.is_err() {
                    return;
                }
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kv::conformance::{Subject, conforms};

    struct Forgetful(Arc<Memory>);

    impl Subject for Forgetful {
        fn kv(&self) -> Arc<dyn Kv> {
            Arc::<Memory>::clone(&self.0)
        }
        fn reopen(&mut self) {}
    }

    #[test]
    fn memory_does_what_every_engine_must_do() {
        conforms(200, || Forgetful(Arc::default()));
    }
}
