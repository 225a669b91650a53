//! Rows in a file: a heading, rows in the order of their keys, their number, and a SHA-256 of it all.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::kv::Row;

/// The first bytes of such a file; the last is the version of the format.
const HEADING: &[u8; 12] = b"kinora rows\x01";

/// Stands where the length of a key would stand, after the last row.
const END: u32 = u32::MAX;

/// The longest key or value that is read back, in bytes.
const LENGTH_MAX: u32 = 256 << 20;

/// How many rows [`RowsReader::page`] returns.
const PAGE_ROWS: usize = 1_000;

/// How many bytes of rows [`RowsReader::page`] returns, beyond the first row.
const PAGE_BYTES: usize = 4 << 20;

/// How many bytes are read and written at a time.
const BUFFER_BYTES: usize = 256 << 10;

/// Writes rows to a file.
#[derive(Debug)]
pub struct RowsWriter {
    file: BufWriter<File>,
    hasher: Sha256,
    rows: u64,
}

impl RowsWriter {
    /// Begins a file.
    ///
    /// # Errors
    /// [`Error::NoSpace`] or [`Error::Io`].
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file = File::create_new(path).map_err(Error::from_io)?;
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        let mut writer = Self { file, hasher: Sha256::new(), rows: 0 };
        writer.put(HEADING)?;
        Ok(writer)
    }

    /// Adds rows.
    ///
    /// # Errors
    /// As [`RowsWriter::create`].
    pub fn write(&mut self, rows: &[Row]) -> Result<(), Error> {
        for (key, value) in rows {
            for length in [key.len(), value.len()] {
                let length = u32::try_from(length).unwrap_or(END);
                if length > LENGTH_MAX {
                    return Err(Error::BadBackup(format!("a row has {length} bytes")));
                }
                self.put(&length.to_be_bytes())?;
            }
            self.put(key)?;
            self.put(value)?;
            self.rows = self.rows.saturating_add(1);
        }
        Ok(())
    }

    /// How many rows were written.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file, which then survives loss of power; returns how many rows it has.
    ///
    /// # Errors
    /// As [`RowsWriter::create`].
    pub fn finish(mut self) -> Result<u64, Error> {
        self.put(&END.to_be_bytes())?;
        self.put(&self.rows.to_be_bytes())?;
        let digest = self.hasher.finalize();
        self.file.write_all(&digest).map_err(Error::from_io)?;
        let file = self.file.into_inner().map_err(|error| Error::from_io(error.into_error()))?;
        file.sync_all().map_err(Error::from_io)?;
        Ok(self.rows)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        self.file.write_all(bytes).map_err(Error::from_io)
    }
}

/// Reads rows back from a file.
#[derive(Debug)]
pub struct RowsReader {
    file: BufReader<File>,
    rows: u64,
    over: bool,
}

impl RowsReader {
    /// Opens a file after reading all of it once, to see that it is whole.
    ///
    /// # Errors
    /// [`Error::BadBackup`] if it is not whole, or of another format; [`Error::Io`] if it cannot be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        check_digest(path)?;
        let mut file = open(path)?;
        let mut heading = [0; HEADING.len()];
        file.read_exact(&mut heading).map_err(Error::from_io)?;
        if &heading != HEADING {
            return Err(bad("it has another format"));
        }
        Ok(Self { file, rows: 0, over: false })
    }

    /// The next rows; none after the last.
    ///
    /// # Errors
    /// As [`RowsReader::open`].
    pub fn page(&mut self) -> Result<Vec<Row>, Error> {
        let (mut page, mut bytes) = (Vec::new(), 0_usize);
        while !self.over && page.len() < PAGE_ROWS && bytes < PAGE_BYTES {
            let length = self.number()?;
            if length == END {
                let mut count = [0; 8];
                self.file.read_exact(&mut count).map_err(Error::from_io)?;
                if u64::from_be_bytes(count) != self.rows {
                    return Err(bad("it tells of more rows than it has"));
                }
                self.over = true;
                break;
            }
            let value_length = self.number()?;
            let (key, value) = (self.bytes(length)?, self.bytes(value_length)?);
            bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
            page.push((key, Bytes::from(value)));
            self.rows = self.rows.saturating_add(1);
        }
        Ok(page)
    }

    fn number(&mut self) -> Result<u32, Error> {
        let mut number = [0; 4];
        self.file.read_exact(&mut number).map_err(Error::from_io)?;
        Ok(u32::from_be_bytes(number))
    }

    fn bytes(&mut self, length: u32) -> Result<Vec<u8>, Error> {
        if length > LENGTH_MAX {
            return Err(bad("a row is longer than any can be"));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        self.file.read_exact(&mut bytes).map_err(Error::from_io)?;
        Ok(bytes)
    }
}

/// Reads a whole file: its last 32 bytes must be the SHA-256 of the rest.
fn check_digest(path: &Path) -> Result<(), Error> {
    let file = open(path)?;
    let length = file.get_ref().metadata().map_err(Error::from_io)?.len();
    let Some(body) = length.checked_sub(32) else { return Err(bad("it is too short")) };
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; BUFFER_BYTES]);
    let mut body = file.take(body);
    loop {
        let read = body.read(&mut buffer).map_err(Error::from_io)?;
        if read == 0 {
            break;
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
    let mut digest = [0; 32];
    body.into_inner().read_exact(&mut digest).map_err(Error::from_io)?;
    if digest == <[u8; 32]>::from(hasher.finalize()) { Ok(()) } else { Err(bad("it is damaged")) }
}

fn open(path: &Path) -> Result<BufReader<File>, Error> {
    let file = File::open(path).map_err(Error::from_io)?;
    Ok(BufReader::with_capacity(BUFFER_BYTES, file))
}

fn bad(why: &str) -> Error {
    Error::BadBackup(format!("the file of its rows cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    #![allow(clippy::as_conversions, reason = "tests")]
    use std::fs;

    use super::*;

    fn rows(count: u32) -> Vec<Row> {
        (0..count).map(|n| (n.to_be_bytes().to_vec(), Bytes::from(vec![7; n as usize]))).collect()
    }

    fn written(rows: &[Row]) -> (tempfile::TempDir, std::path::PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("rows");
        let mut writer = RowsWriter::create(&path).unwrap();
        writer.write(rows).unwrap();
        assert_eq!(writer.finish().unwrap(), rows.len() as u64);
        (home, path)
    }

    fn read(path: &Path) -> Result<Vec<Row>, Error> {
        let mut reader = RowsReader::open(path)?;
        let mut all = Vec::new();
        loop {
            match reader.page()? {
                page if page.is_empty() => return Ok(all),
                page => all.extend(page),
            }
        }
    }

    #[test]
    fn rows_come_back_as_they_went() {
        for count in [0, 1, 2_500] {
            let (_home, path) = written(&rows(count));
            assert_eq!(read(&path).unwrap(), rows(count));
        }
    }

    #[test]
    fn a_file_that_lost_or_changed_a_byte_is_refused() {
        let (_home, path) = written(&rows(20));
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            assert!(matches!(read(&path), Err(Error::BadBackup(_))), "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            fs::write(&path, &changed).unwrap();
            assert!(matches!(read(&path), Err(Error::BadBackup(_))), "changed at {at}");
        }
    }
}
