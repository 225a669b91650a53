//! A small disk that can be full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory, of its own size; gone with the test.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// A disk of so many bytes. Needs the right to mount, as CI has it: a test must not pass because it could not look.
    pub(crate) fn of_bytes(bytes: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "kinora-test"])
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(mounted.success(), "mounting a small disk needs root");
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Bytes that are free.
    pub(crate) fn free_bytes(&self) -> u64 {
        let found = nix::sys::statvfs::statvfs(self.path()).unwrap();
        found.blocks_available() * found.fragment_size()
    }

    /// Takes all room but so many bytes away, until the file is removed.
    pub(crate) fn fill_but(&self, bytes: u64) -> PathBuf {
        let path = self.path().join("ballast");
        let file = std::fs::File::create(&path).unwrap();
        let length = self.free_bytes().saturating_sub(bytes);
        nix::fcntl::fallocate(
            &file,
            nix::fcntl::FallocateFlags::empty(),
            0,
            length.try_into().unwrap(),
        )
        .unwrap();
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a node that was killed a moment ago may still hold files.
        let _gone = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}
