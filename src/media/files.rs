//! The file of a rendition: its init segment and its segments one after another, put together as it is read.

use std::collections::VecDeque;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use kinora_model::picture::BlobName;
use kinora_model::rendition::{Rendition, RenditionState, Segment};
use kinora_service::Service;
use kinora_store::Store;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// The most bytes that one step of a reader brings.
pub const SLICE_BYTES: u64 = 64 << 10;

pub use kinora_service::segments::SEGMENTS_MAX;

/// All segments of a rendition that are in the store, in order.
///
/// # Errors
/// If the store cannot be read.
pub async fn segments(store: &Store, rendition: &Rendition) -> Result<Vec<Segment>, Error> {
    Ok(kinora_service::segments::of(store, rendition).await?)
}

/// A blob's place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    blob: BlobName,
    /// Where it begins in the file, in bytes.
    from: u64,
    /// Where the next one begins.
    to: u64,
}

/// Bytes of one blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The blob.
    pub blob: BlobName,
    /// Which of its bytes.
    pub range: Range<u64>,
}

/// The file of a rendition that is whole: the same bytes each time it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    parts: Vec<Part>,
    etag: String,
}

impl File {
    /// Puts the file of a rendition together out of its rows.
    ///
    /// # Errors
    /// [`Error::NotReady`] while it is being made, or if the store cannot be read.
    pub async fn of(store: &Store, rendition: &Rendition) -> Result<Self, Error> {
        let Some(init) = &rendition.init else { return Err(Error::NotReady) };
        if rendition.state != RenditionState::Ready {
            return Err(Error::NotReady);
        }
        let segments = segments(store, rendition).await?;
        let blobs = segments.iter().map(|segment| (segment.blob, segment.bytes));
        Ok(Self::concatenation(std::iter::once((init.blob, init.bytes)).chain(blobs)))
    }

    /// The file of these blobs with these sizes.
    #[must_use]
    pub fn concatenation(blobs: impl IntoIterator<Item = (BlobName, u64)>) -> Self {
        let (mut parts, mut from, mut hasher) = (Vec::new(), 0_u64, Sha256::new());
        for (blob, bytes) in blobs {
            let to = from.saturating_add(bytes);
            hasher.update(blob.digest());
            parts.push(Part { blob, from, to });
            from = to;
        }
        let etag = hex::encode(hasher.finalize().get(..16).unwrap_or_default());
        Self { parts, etag }
    }

    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.to)
    }

    /// A word that stands for its bytes: others have another.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// How many blobs it is made of: what it weighs in a cache.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// The blobs it is made of, each with the span of bytes it takes up.
    pub fn spans(&self) -> impl Iterator<Item = (Range<u64>, BlobName)> {
        self.parts.iter().map(|part| (part.from..part.to, part.blob))
    }

    /// The pieces that make up a span of its bytes, in order.
    #[must_use]
    pub fn pieces(&self, span: Range<u64>) -> VecDeque<Piece> {
        let first = self.parts.partition_point(|part| part.to <= span.start);
        let within = self.parts.iter().skip(first).take_while(|part| part.from < span.end);
        let piece = |part: &Part| Piece {
            blob: part.blob,
            range: span.start.max(part.from).saturating_sub(part.from)
                ..span.end.min(part.to).saturating_sub(part.from),
        };
        within.map(piece).filter(|piece| !piece.range.is_empty()).collect()
    }
}

/// Reads pieces one after another, a slice at a time, and never more than one slice ahead.
///
/// Local files are read on the thread that asks: bytes that are in the page cache come faster than a thread can be
/// woken for them.
#[derive(Debug)]
pub struct Reader {
    service: Arc<Service>,
    pieces: VecDeque<Piece>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: fs::File,
    left: u64,
}

impl Reader {
    /// A reader of pieces.
    #[must_use]
    pub fn new(service: Arc<Service>, pieces: VecDeque<Piece>) -> Self {
        Self { service, pieces, open: None }
    }

    /// The next slice; `None` at the end.
    ///
    /// # Errors
    /// If a blob cannot be read.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(slice) = self.read_open()? {
                return Ok(Some(slice));
            }
            let Some(piece) = self.pieces.pop_front() else { return Ok(None) };
            match self.service.blobs.local_path(&piece.blob) {
                Some(path) => self.open = Some(open(path, &piece.range)?),
                None => return self.fetch(piece).await.map(Some),
            }
        }
    }

    /// The rest as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Error>> {
        futures::stream::try_unfold(self, |mut reader| async move {
            Ok(reader.next().await?.map(|slice| (slice, reader)))
        })
    }

    fn read_open(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(open) = self.open.as_mut().filter(|open| open.left > 0) else { return Ok(None) };
        let wanted = open.left.min(SLICE_BYTES);
        let mut slice = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0));
        let read = (&mut open.file).take(wanted).read_to_end(&mut slice)?;
        if read == 0 {
            return Err(Error::Io(std::io::ErrorKind::UnexpectedEof.into()));
        }
        open.left = open.left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(Some(slice.into()))
    }

    async fn fetch(&mut self, piece: Piece) -> Result<Bytes, Error> {
        let cut = piece.range.end.min(piece.range.start.saturating_add(SLICE_BYTES));
        if cut < piece.range.end {
            let rest = Piece { blob: piece.blob, range: cut..piece.range.end };
            self.pieces.push_front(rest);
        }
        Ok(self.service.blobs.get_range(&piece.blob, piece.range.start..cut).await?)
    }
}

fn open(path: PathBuf, range: &Range<u64>) -> Result<Open, Error> {
    let mut file = fs::File::open(path)?;
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    Ok(Open { file, left: range.end.saturating_sub(range.start) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(sizes: &[u64]) -> File {
        let name = |index: usize| BlobName::from_digest([u8::try_from(index).unwrap(); 32]);
        File::concatenation(sizes.iter().enumerate().map(|(index, bytes)| (name(index), *bytes)))
    }

    proptest! {
        #[test]
        fn pieces_of_a_span_are_its_bytes_and_no_others(
            sizes in proptest::collection::vec(0_u64..50, 1..20),
            start in 0_u64..1000,
            length in 0_u64..1000,
        ) {
            let file = file(&sizes);
            let all: Vec<(u8, u64)> = sizes
                .iter()
                .enumerate()
                .flat_map(|(index, bytes)| (0..*bytes).map(move |at| (u8::try_from(index).unwrap(), at)))
                .collect();
            prop_assert_eq!(file.bytes(), u64::try_from(all.len()).unwrap());
            let (start, end) = (start.min(file.bytes()), (start + length).min(file.bytes()));
            let read: Vec<(u8, u64)> = file
                .pieces(start..end)
                .into_iter()
                .flat_map(|piece| piece.range.map(move |at| (piece.blob.digest()[0], at)))
                .collect();
            let wanted = &all[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
            prop_assert_eq!(read.as_slice(), wanted);
        }
    }

    #[test]
    fn other_bytes_have_another_etag() {
        assert_eq!(file(&[1, 2]).etag(), file(&[1, 2]).etag());
        assert_ne!(file(&[1, 2]).etag(), file(&[1, 2, 3]).etag());
    }
}
