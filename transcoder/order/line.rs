//! JSON lines, bounded.

use std::io::{BufRead, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest line, in bytes: cut times of a day of video fit.
pub const LINE_BYTES_MAX: u64 = 4 << 20;

/// Why a line could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The pipe broke.
    #[error("the pipe broke")]
    Io(#[from] std::io::Error),
    /// The line is not what it should be.
    #[error("the line cannot be read")]
    Json(#[from] serde_json::Error),
    /// The line is longer than [`LINE_BYTES_MAX`].
    #[error("the line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
}

/// Reads one line; `None` at the end.
///
/// # Errors
/// [`LineError`] if the pipe breaks, or the line is too long or not a `T`.
pub fn read_line<T: DeserializeOwned>(from: &mut impl BufRead) -> Result<Option<T>, LineError> {
    let mut line = Vec::new();
    let read = from.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if u64::try_from(read).is_ok_and(|read| read >= LINE_BYTES_MAX) {
        return Err(LineError::TooLong);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

/// Writes one line and flushes it.
///
/// # Errors
/// [`LineError::Io`] if the pipe breaks.
pub fn write_line<T: Serialize>(to: &mut impl Write, value: &T) -> Result<(), LineError> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    to.write_all(&line)?;
    Ok(to.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Order, Request};

    #[test]
    fn a_request_survives_the_pipe() {
        let request =
            Request { order: Order::Probe { input: "a b.mkv".into() }, limits: Limits::default() };
        let mut pipe = Vec::new();
        write_line(&mut pipe, &request).unwrap();
        let mut reader = pipe.as_slice();
        assert_eq!(read_line::<Request>(&mut reader).unwrap(), Some(request));
        assert_eq!(read_line::<Request>(&mut reader).unwrap(), None);
    }

    #[test]
    fn rubbish_is_an_error_and_not_a_panic() {
        assert!(read_line::<Request>(&mut b"{\"order\":\n".as_slice()).is_err());
    }
}
