//! How rows become bytes: a version byte, then postcard.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why bytes are not a row.
pub type CodecError = String;

/// Encodes a value behind its version.
///
/// Postcard fails only for types whose length is unknown before they are written; rows have none.
///
/// # Errors
/// What postcard said.
pub fn encode<T: Serialize>(version: u8, value: &T) -> Result<Bytes, CodecError> {
    postcard::to_extend(value, vec![version]).map(Bytes::from).map_err(|error| error.to_string())
}

/// Splits the version from the rest.
///
/// # Errors
/// If there are no bytes at all.
pub fn version(bytes: &[u8]) -> Result<(u8, &[u8]), CodecError> {
    bytes.split_first().map(|(version, rest)| (*version, rest)).ok_or_else(|| "empty".to_owned())
}

/// Decodes what stands behind the version.
///
/// # Errors
/// What postcard said.
pub fn decode<T: DeserializeOwned>(rest: &[u8]) -> Result<T, CodecError> {
    postcard::from_bytes(rest).map_err(|error| error.to_string())
}

/// As many fields as a row may lack; what the row does not need is not read.
const UNWRITTEN: [u8; 4] = [0; 4];

/// Decodes an older row whose new last fields were not written yet: `Option`s that are `None`, `false`, numbers that are zero.
///
/// # Errors
/// What postcard said.
pub fn decode_shorter<T: DeserializeOwned>(rest: &[u8]) -> Result<T, CodecError> {
    decode(&[rest, &UNWRITTEN].concat())
}

/// Why a row of a later program cannot be read.
#[must_use]
pub fn unknown(version: u8) -> CodecError {
    format!("version {version} is not known")
}
