//! Control frames: the length as an unsigned LEB128 number, then so many bytes.

use std::io;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::limits::FRAME_BYTES_MAX;

/// Bytes of a length: three hold 21 bits, and [`FRAME_BYTES_MAX`] needs 17.
const LENGTH_BYTES_MAX: u32 = 3;

/// Reads a frame. Memory grows as bytes come, whatever the length says.
///
/// # Errors
/// `InvalidData` if the length is too large or not written in the fewest bytes; what the stream fails with.
pub(crate) async fn read<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<Vec<u8>> {
    let length = read_length(io).await?;
    let mut body = Vec::new();
    let wanted = u64::try_from(length).unwrap_or(u64::MAX);
    if io.take(wanted).read_to_end(&mut body).await? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

async fn read_length<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<usize> {
    let mut length = 0_usize;
    for place in 0..LENGTH_BYTES_MAX {
        let mut byte = [0];
        io.read_exact(&mut byte).await?;
        let [byte] = byte;
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            if place > 0 && byte == 0 {
                return Err(invalid("a length in more bytes than it needs"));
            }
            return if length <= FRAME_BYTES_MAX { Ok(length) } else { Err(too_long()) };
        }
    }
    Err(too_long())
}

/// Writes a frame.
///
/// # Errors
/// `InvalidData` if it is too long; what the stream fails with.
pub(crate) async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, body: &[u8]) -> io::Result<()> {
    if body.len() > FRAME_BYTES_MAX {
        return Err(too_long());
    }
    let mut frame = Vec::with_capacity(body.len().saturating_add(3));
    let mut rest = body.len();
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or(0);
        rest >>= 7;
        if rest == 0 {
            frame.push(low);
            break;
        }
        frame.push(low | 0x80);
    }
    frame.extend_from_slice(body);
    io.write_all(&frame).await
}

/// What a peer sent does not follow the protocol.
pub(crate) fn invalid(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn too_long() -> io::Error {
    invalid("a frame that is too long")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use futures::executor::block_on;
    use futures::io::Cursor;
    use proptest::prelude::*;

    use super::*;

    fn written(body: &[u8]) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        block_on(write(&mut out, body)).unwrap();
        out.into_inner()
    }

    #[test]
    fn the_longest_frame_passes_and_a_longer_one_is_refused_before_its_body() {
        let longest = vec![7; FRAME_BYTES_MAX];
        assert_eq!(block_on(read(&mut Cursor::new(written(&longest)))).unwrap(), longest);
        let mut out = Cursor::new(Vec::new());
        assert!(block_on(write(&mut out, &vec![7; FRAME_BYTES_MAX + 1])).is_err());
        // 65,537; a length without end; a zero that is not needed.
        for forged in [[0x81, 0x80, 0x04], [0xff, 0xff, 0xff], [0x81, 0x80, 0x00]] {
            let error = block_on(read(&mut Cursor::new(forged))).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{forged:?}");
        }
        let short = block_on(read(&mut Cursor::new([0x05, 1, 2]))).unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..5)) {
            let stream: Vec<u8> = bodies.iter().flat_map(|body| written(body)).collect();
            let mut stream = Cursor::new(stream);
            for body in &bodies {
                prop_assert_eq!(&block_on(read(&mut stream)).unwrap(), body);
            }
        }

        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes: Vec<u8>) {
            if let Ok(body) = block_on(read(&mut Cursor::new(&bytes))) {
                prop_assert!(body.len() < bytes.len());
            }
        }
    }
}
