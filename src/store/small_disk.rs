//! Disks that fill up soon, for tests.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

/// A file system of its own with so many bytes, gone when this is dropped.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// Mounts one; being root is enough.
    pub(crate) fn mount(bytes: u64) -> Self {
        let home = tempfile::tempdir().unwrap();
        let size = format!("size={bytes}");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "none"])
            .arg(home.path())
            .status();
        assert!(
            mounted.is_ok_and(|status| status.success()),
            "this test needs the right to mount a tmpfs"
        );
        Self(home)
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(std::process::Command::new("umount").arg("--lazy").arg(self.0.path()).status());
    }
}
