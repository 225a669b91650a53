//! How much room there is on the disk.

use crate::Media;

impl Media {
    /// Bytes that are free on the disk of the scratch folder; `None` if the system does not say.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        let found = nix::sys::statvfs::statvfs(&self.scratch).ok()?;
        let (blocks, size) = (found.blocks_available(), found.fragment_size());
        Some(blocks.saturating_mul(size))
    }
}
