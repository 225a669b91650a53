//! `/kinora/segment/1` (docs/p2p-protocol.md, section 7) on a stream: a hash there, bytes back.

use std::io;

use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use kinora_service::manifest::SEGMENT_BYTES_MAX;
use libp2p::StreamProtocol;
use libp2p::request_response::Codec;

use crate::cbor::{Malformed, Map, Writer};
use crate::frame;

/// Bytes that are written at a time, so that a slow taker is noticed.
const PIECE_BYTES: usize = 64 * 1024;

/// The bytes with this SHA-256 are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted(pub(crate) [u8; 32]);

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// Here they are.
    Bytes(Bytes),
    /// They are not here.
    NotFound,
    /// Ask again in a second.
    Busy,
    /// They are not for the asker.
    Refused,
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, Malformed> {
        Map::read(body)?.bytes("get").map(Self).ok_or(Malformed("`get` is not 32 bytes"))
    }

    fn write(self) -> Vec<u8> {
        let mut map = Writer::map(1);
        map.bytes("get", &self.0);
        map.end()
    }
}

impl Given {
    const fn word(&self) -> &'static str {
        match self {
            Self::Bytes(_) => "ok",
            Self::NotFound => "not-found",
            Self::Busy => "busy",
            Self::Refused => "refused",
        }
    }

    fn head(&self) -> Vec<u8> {
        let Self::Bytes(bytes) = self else {
            let mut map = Writer::map(1);
            map.text("status", self.word());
            return map.end();
        };
        let mut map = Writer::map(2);
        map.text("status", self.word());
        map.number("size", u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        map.end()
    }
}

/// Reads and writes both.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SegmentCodec;

impl Codec for SegmentCodec {
    type Protocol = StreamProtocol;
    type Request = Wanted;
    type Response = Given;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Wanted>
    where
        T: AsyncRead + Unpin + Send,
    {
        Wanted::read(&frame::read(io).await?).map_err(frame::invalid)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Given>
    where
        T: AsyncRead + Unpin + Send,
    {
        let head = frame::read(io).await?;
        let map = Map::read(&head).map_err(frame::invalid)?;
        match map.text("status") {
            Some("ok") => {}
            Some("not-found") => return Ok(Given::NotFound),
            Some("busy") => return Ok(Given::Busy),
            _ => return Ok(Given::Refused),
        }
        let size = map.number("size").filter(|size| *size <= SEGMENT_BYTES_MAX);
        let size = size.ok_or_else(|| frame::invalid("a size that is out of bounds"))?;
        let mut bytes = Vec::new();
        // Memory grows as bytes come, whatever the size says.
        io.take(size).read_to_end(&mut bytes).await?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length == size) {
            Ok(Given::Bytes(bytes.into()))
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        wanted: Wanted,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        frame::write(io, &wanted.write()).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        given: Given,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        frame::write(io, &given.head()).await?;
        if let Given::Bytes(bytes) = given {
            for piece in bytes.chunks(PIECE_BYTES) {
                io.write_all(piece).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use futures::executor::block_on;
    use futures::io::Cursor;
    use proptest::prelude::*;

    use super::*;

    const PROTOCOL: StreamProtocol = StreamProtocol::new(crate::limits::SEGMENT);

    fn written(given: Given) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        block_on(SegmentCodec.write_response(&PROTOCOL, &mut out, given)).unwrap();
        out.into_inner()
    }

    fn read(bytes: &[u8]) -> io::Result<Given> {
        block_on(SegmentCodec.read_response(&PROTOCOL, &mut Cursor::new(bytes)))
    }

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text.replace(' ', "")).unwrap()
    }

    #[test]
    fn the_examples_of_the_protocol_are_right() {
        let mut out = Cursor::new(Vec::new());
        let hash = std::array::from_fn(|at| u8::try_from(at).unwrap());
        block_on(SegmentCodec.write_request(&PROTOCOL, &mut out, Wanted(hash))).unwrap();
        let counted: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(out.into_inner(), hex(&format!("27 a1 63 67 65 74 58 20 {counted}")));
        let three = "11 a2 66 73 74 61 74 75 73 62 6f 6b 64 73 69 7a 65 03 01 02 03";
        assert_eq!(written(Given::Bytes(Bytes::from_static(&[1, 2, 3]))), hex(three));
        assert_eq!(written(Given::Busy), hex("0d a1 66 73 74 61 74 75 73 64 62 75 73 79"));
    }

    #[test]
    fn sizes_that_are_not_so_are_refused() {
        let mut map = Writer::map(2);
        map.text("status", "ok");
        map.number("size", SEGMENT_BYTES_MAX + 1);
        let mut out = Cursor::new(Vec::new());
        block_on(frame::write(&mut out, &map.end())).unwrap();
        assert_eq!(read(&out.into_inner()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let mut short = written(Given::Bytes(Bytes::from_static(&[1, 2, 3])));
        short.pop();
        assert_eq!(read(&short).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes: Vec<u8>, which in 0..4_u8) {
            let given = match which {
                0 => Given::Bytes(bytes.into()),
                1 => Given::NotFound,
                2 => Given::Busy,
                _ => Given::Refused,
            };
            prop_assert_eq!(read(&written(given.clone())).unwrap(), given);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = read(&bytes);
            let _ = block_on(SegmentCodec.read_request(&PROTOCOL, &mut Cursor::new(&bytes)));
        }
    }
}
