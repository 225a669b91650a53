//! The key that peers know this node by: made at the first start, kept in the data folder.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use libp2p::identity::Keypair;

use crate::error::Error;

/// The key kept at `path` (ed25519 in libp2p's protobuf form); made if there is none.
///
/// # Errors
/// [`Error::Identity`] if it cannot be read or written, or is no such key.
pub(crate) fn load(path: &Path) -> Result<Keypair, Error> {
    let bytes = kept(path, || {
        Keypair::generate_ed25519().to_protobuf_encoding().map_err(|it| it.to_string())
    })?;
    Keypair::from_protobuf_encoding(&bytes).map_err(|it| unusable(path, it.to_string()))
}

/// What is kept at `path`; what `make` makes if there is nothing.
///
/// # Errors
/// [`Error::Identity`] if it cannot be read, made or written.
pub(crate) fn kept(
    path: &Path,
    make: impl FnOnce() -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let bytes = make().map_err(|it| unusable(path, it))?;
            write(path, &bytes).map_err(|it| unusable(path, it.to_string()))?;
            Ok(bytes)
        }
        Err(error) => Err(unusable(path, error.to_string())),
    }
}

pub(crate) fn unusable(path: &Path, reason: String) -> Error {
    Error::Identity { path: path.to_owned(), reason }
}

/// Writes a file that only its owner reads; a crash leaves all of it or nothing.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_node_is_the_same_peer_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.key");
        let first = load(&path).unwrap().public();
        assert_eq!(load(&path).unwrap().public(), first);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_spoilt_key_is_an_error_and_not_another_peer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.key");
        std::fs::write(&path, b"not a key").unwrap();
        assert!(matches!(load(&path), Err(Error::Identity { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"not a key");
    }
}
