//! Torrents of renditions (BEP 3), with the node itself as web seed (BEP 19).

use std::io::Read;

use bytes::Bytes;
use lava_torrent::bencode::BencodeElem;
use lava_torrent::torrent::v1::Torrent;
use sha1::{Digest, Sha1};
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::error::Error;

/// The smallest piece, in bytes.
const PIECE_BYTES_MIN: u64 = 256 << 10;

/// The largest piece, in bytes.
const PIECE_BYTES_MAX: u64 = 16 << 20;

/// Pieces that a torrent has at most, as long as its pieces are not of the largest size.
const PIECES_WANTED: u64 = 2_048;

/// The longest file name in a torrent, in characters.
const NAME_MAX: usize = 120;

/// The length of a piece for a file of so many bytes: a power of two.
#[must_use]
pub fn piece_bytes(file_bytes: u64) -> u64 {
    let wanted = file_bytes.div_ceil(PIECES_WANTED).max(1);
    let power = wanted.checked_next_power_of_two().unwrap_or(PIECE_BYTES_MAX);
    power.clamp(PIECE_BYTES_MIN, PIECE_BYTES_MAX)
}

/// The SHA-1 of each piece of a file, read from its beginning to its end.
///
/// # Errors
/// If the file cannot be read.
pub fn hash_pieces(mut file: impl Read, piece_bytes: u64) -> std::io::Result<Vec<Vec<u8>>> {
    let mut pieces = Vec::new();
    loop {
        let mut hasher = Sha1::new();
        let read = std::io::copy(&mut file.by_ref().take(piece_bytes), &mut Hashing(&mut hasher))?;
        if read == 0 {
            return Ok(pieces);
        }
        pieces.push(hasher.finalize().to_vec());
    }
}

struct Hashing<'a>(&'a mut Sha1);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A torrent as it is kept: without web seeds, which are added as it is served, since addresses may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The `.torrent` file.
    pub file: Bytes,
    /// The info hash, 40 hex digits.
    pub info_hash: String,
}

/// Writes the torrent of one file.
///
/// # Errors
/// [`Error::Torrent`] if it is too large to be described.
pub fn write(name: &str, bytes: u64, pieces: Vec<Vec<u8>>) -> Result<Written, Error> {
    let too_large = |_| Error::Torrent("the file is too large".to_owned());
    let torrent = Torrent {
        announce: None,
        announce_list: None,
        length: i64::try_from(bytes).map_err(too_large)?,
        files: None,
        name: safe_name(name),
        piece_length: i64::try_from(piece_bytes(bytes)).map_err(too_large)?,
        pieces,
        extra_fields: None,
        extra_info_fields: None,
    };
    let info_hash = torrent.info_hash();
    let file = torrent.encode().map_err(|error| Error::Torrent(error.to_string()))?;
    Ok(Written { file: file.into(), info_hash })
}

/// A kept torrent with the addresses of its web seeds.
///
/// # Errors
/// [`Error::Torrent`] if the kept file is not one.
pub fn with_web_seeds(kept: &[u8], seeds: &[Url]) -> Result<Vec<u8>, Error> {
    let fault = |error: lava_torrent::LavaTorrentError| Error::Torrent(error.to_string());
    let mut torrent = Torrent::read_from_bytes(kept).map_err(fault)?;
    let seeds = seeds.iter().map(|seed| BencodeElem::String(seed.to_string())).collect();
    let by = BencodeElem::String("Kinora".to_owned());
    let fields = torrent.extra_fields.get_or_insert_default();
    fields.insert("url-list".to_owned(), BencodeElem::List(seeds));
    fields.insert("created by".to_owned(), by);
    torrent.encode().map_err(fault)
}

/// A magnet link (BEP 9) in PeerTube's form: `xs` the torrent file, `xt` its info hash, `dn` the name, `ws` the web
/// seed. The hash is left out while it is not known.
#[must_use]
pub fn magnet(name: &str, info_hash: Option<&str>, torrent: &Url, seed: &Url) -> String {
    let escape = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let hash = info_hash.map(|hash| format!("&xt=urn:btih:{hash}")).unwrap_or_default();
    let (xs, ws) = (escape(torrent.as_str()), escape(seed.as_str()));
    format!("magnet:?xs={xs}{hash}&dn={}&ws={ws}", escape(name))
}

/// A name that is one harmless part of a path everywhere.
fn safe_name(name: &str) -> String {
    let harmless = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
        c if c.is_control() => '_',
        c => c,
    };
    let cut: String = name.chars().map(harmless).take(NAME_MAX).collect();
    let trimmed = cut.trim().trim_start_matches('.');
    if trimmed.is_empty() { "video.mp4".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_powers_of_two_within_bounds() {
        assert_eq!(piece_bytes(0), PIECE_BYTES_MIN);
        assert_eq!(piece_bytes(1 << 30), 512 << 10);
        assert_eq!(piece_bytes(1 << 50), PIECE_BYTES_MAX);
    }

    #[test]
    fn a_torrent_describes_every_byte_and_names_its_seed() {
        let data: Vec<u8> = (0..600_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let bytes = u64::try_from(data.len()).unwrap();
        let pieces = hash_pieces(data.as_slice(), piece_bytes(bytes)).unwrap();
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[0], Sha1::digest(&data[..256 << 10]).to_vec());
        let written = write("a/b: ..c.mp4", bytes, pieces).unwrap();
        let seed = Url::parse("http://localhost:8080/file.mp4").unwrap();
        let served = with_web_seeds(&written.file, &[seed]).unwrap();
        let torrent = Torrent::read_from_bytes(&served).unwrap();
        assert_eq!(torrent.info_hash(), written.info_hash, "seeds stand outside the hashed part");
        assert_eq!(torrent.name, "a_b_ ..c.mp4");
        assert_eq!(torrent.length, 600_000);
        let Some(BencodeElem::List(seeds)) =
            torrent.extra_fields.as_ref().and_then(|fields| fields.get("url-list"))
        else {
            panic!("no url-list");
        };
        assert_eq!(seeds, &[BencodeElem::String("http://localhost:8080/file.mp4".to_owned())]);
    }

    #[test]
    fn a_magnet_leads_to_torrent_and_seed() {
        let torrent = Url::parse("http://h/t.torrent").unwrap();
        let seed = Url::parse("http://h/f.mp4").unwrap();
        assert_eq!(
            magnet("a & b", Some("ff"), &torrent, &seed),
            "magnet:?xs=http%3A%2F%2Fh%2Ft.torrent&xt=urn:btih:ff&dn=a+%26+b&ws=http%3A%2F%2Fh%2Ff.mp4"
        );
    }
}
