//! Compaction: the rows are copied to a new folder, which takes the place of the old one.

use std::path::Path;

use ::sled::Db;

use super::{SledConfig, folder, from_sled, open_db, scan};
use crate::error::Error;
use crate::kv::{Range, Row};

/// How many rows are copied at a time.
const COPY_ROWS: usize = 1_000;

/// The cache while copying: rows are read and written once.
const COPY_CACHE_BYTES: u64 = 16 << 20;

/// What a compaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Rows in the store.
    pub rows: u64,
    /// Bytes on disk before.
    pub before_bytes: u64,
    /// Bytes on disk after.
    pub after_bytes: u64,
}

/// Compacts the store in a folder that no process has open. A crash at any moment leaves the old rows or the new ones,
/// whole; both fit on the disk for a while, or nothing is done. `progress` is told how many rows were copied.
///
/// # Errors
/// As [`super::Sled::open`]; [`Error::NoSpace`] if the copy does not fit.
pub fn compact(config: &SledConfig, mut progress: impl FnMut(u64)) -> Result<Compacted, Error> {
    let dir = &config.dir;
    let _lock = folder::Lock::take(dir)?;
    folder::settle(dir)?;
    let old = open_db(dir, COPY_CACHE_BYTES)?;
    let before_bytes = old.size_on_disk().map_err(from_sled)?;
    let free = folder::free_bytes(dir).map_err(Error::from_io)?;
    if free < before_bytes.saturating_add(config.reserve_bytes) {
        return Err(Error::NoSpace);
    }
    let mut rest = Range::prefix(&[]);
    let (rows, after_bytes) = build(
        dir,
        || {
            let page = scan(&old, &rest, COPY_ROWS)?;
            if let Some((last, _)) = page.last() {
                rest = rest.clone().after(last);
            }
            Ok(page)
        },
        &mut progress,
    )?;
    drop(old);
    folder::replace(dir)?;
    Ok(Compacted { rows, before_bytes, after_bytes })
}

/// Fills a folder that has no rows yet with those that `next` returns, until it returns none; a crash leaves it as it
/// was. `progress` is told how many rows were written.
///
/// # Errors
/// As [`super::Sled::open`]; [`Error::NotEmpty`] if it has rows; what `next` returns.
pub fn fill(
    config: &SledConfig,
    next: impl FnMut() -> Result<Vec<Row>, Error>,
    mut progress: impl FnMut(u64),
) -> Result<u64, Error> {
    let _lock = folder::Lock::take(&config.dir)?;
    folder::settle(&config.dir)?;
    if config.dir.exists() && !open_db(&config.dir, COPY_CACHE_BYTES)?.is_empty() {
        return Err(Error::NotEmpty(config.dir.clone()));
    }
    let (rows, _) = build(&config.dir, next, &mut progress)?;
    folder::replace(&config.dir)?;
    Ok(rows)
}

/// Writes rows to a new folder beside `dir`, and sees that all are there; returns how many rows and bytes it has.
fn build(
    dir: &Path,
    mut next: impl FnMut() -> Result<Vec<Row>, Error>,
    progress: &mut impl FnMut(u64),
) -> Result<(u64, u64), Error> {
    let new = open_db(&folder::beside(dir, "making"), COPY_CACHE_BYTES)?;
    let mut rows = 0_u64;
    loop {
        let page = next()?;
        if page.is_empty() {
            break;
        }
        let mut batch = ::sled::Batch::default();
        for (key, value) in &page {
            batch.insert(key.as_slice(), value.as_ref());
        }
        new.apply_batch(batch).map_err(from_sled)?;
        new.flush().map_err(from_sled)?;
        rows = rows.saturating_add(u64::try_from(page.len()).unwrap_or(u64::MAX));
        progress(rows);
    }
    new.flush().map_err(from_sled)?;
    let kept = count(&new)?;
    if kept != rows {
        return Err(Error::Unavailable(format!("{kept} of {rows} rows arrived in the copy")));
    }
    Ok((rows, new.size_on_disk().map_err(from_sled)?))
}

fn count(db: &Db) -> Result<u64, Error> {
    db.iter()
        .keys()
        .try_fold(0_u64, |count, key| key.map(|_| count.saturating_add(1)).map_err(from_sled))
}
