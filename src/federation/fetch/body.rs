//! Bodies of answers, bounded in bytes as they come and once more as they are unpacked.

use std::io::Read as _;

use bytes::{Bytes, BytesMut};
use kinora_model::host::Host;
use reqwest::header::CONTENT_ENCODING;

use super::ask::unreachable;
use crate::error::Error;

/// Reads the body of an answer, at most so many bytes.
pub(super) async fn read(
    mut response: reqwest::Response,
    host: &Host,
    bytes_max: usize,
) -> Result<Bytes, Error> {
    let limit = Error::Limit("the bytes of an answer");
    let told = response.content_length().and_then(|told| usize::try_from(told).ok());
    if told.is_some_and(|told| told > bytes_max) {
        return Err(limit);
    }
    let packed = response.headers().get(CONTENT_ENCODING).map(|it| it.as_bytes().to_vec());
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(host, error))? {
        if body.len().saturating_add(chunk.len()) > bytes_max {
            return Err(limit);
        }
        body.extend_from_slice(&chunk);
    }
    match packed.as_deref() {
        None | Some(b"" | b"identity") => Ok(body.freeze()),
        Some(b"gzip" | b"x-gzip") => unpack(&body, bytes_max),
        Some(_) => {
            Err(Error::Unreadable("it is packed in a way that was not asked for".to_owned()))
        }
    }
}

fn unpack(packed: &[u8], bytes_max: usize) -> Result<Bytes, Error> {
    let mut body = Vec::new();
    let one_more = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::MultiGzDecoder::new(packed)
        .take(one_more)
        .read_to_end(&mut body)
        .map_err(|error| Error::Unreadable(format!("it cannot be unpacked: {error}")))?;
    if body.len() > bytes_max {
        return Err(Error::Limit("the bytes of an answer"));
    }
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::io::Write as _;

    #[test]
    fn what_grows_beyond_the_limit_is_not_unpacked() {
        let pack = |bytes: usize| {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            gz.write_all(&vec![b' '; bytes]).unwrap();
            gz.finish().unwrap()
        };
        assert_eq!(unpack(&pack(1000), 1000).unwrap().len(), 1000);
        let bomb = pack(10 << 20);
        assert!(bomb.len() < 20_000);
        assert!(matches!(unpack(&bomb, 1 << 20), Err(Error::Limit(_))));
        assert!(matches!(unpack(b"not packed", 10), Err(Error::Unreadable(_))));
    }
}
