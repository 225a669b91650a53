//! A rendition as an MP4 whose index comes first, for players that read files alone: put together on demand out of the
//! same segments, without encoding, and gone once it has been sent.

use std::path::{Path, PathBuf};

use kinora_model::rendition::{Rendition, RenditionState};
use kinora_order::{Order, Request};

use crate::Media;
use crate::error::Error;
use crate::files;
use crate::runner::Said;
use crate::scratch::Scratch;

/// CPU seconds that putting a file together may take.
const CPU_S_MAX: u64 = 600;

/// A file that exists while this lives.
#[derive(Debug)]
pub struct Download {
    path: PathBuf,
    bytes: u64,
    _scratch: Scratch,
}

impl Download {
    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Media {
    /// Puts a rendition together as an MP4 whose index comes first. Few at a time: each takes the room of the rendition
    /// until it is dropped.
    ///
    /// # Errors
    /// [`Error::NotReady`] while the rendition is being made, [`Error::NoSpace`] if there is no room for the file,
    /// otherwise as for any order.
    pub async fn download(&self, rendition: &Rendition) -> Result<Download, Error> {
        let Some(init) = rendition.init.as_ref() else { return Err(Error::NotReady) };
        if rendition.state != RenditionState::Ready {
            return Err(Error::NotReady);
        }
        let reserve = self.service.config.uploads.reserve_bytes;
        let needed = rendition.bytes.saturating_add(reserve);
        if self.free_bytes().is_some_and(|free| free < needed) {
            return Err(Error::NoSpace);
        }
        let _place = self.downloads.acquire().await.map_err(|_closed| Error::Stopping)?;
        let scratch = Scratch::new(&self.scratch, "download", self.service.id::<Self>().raw())?;
        let output = scratch.path().join("download.mp4");
        let segments = files::segments(&self.service.store, rendition).await?;
        let blobs = std::iter::once(init.blob).chain(segments.iter().map(|segment| segment.blob));
        let paths: Option<Vec<PathBuf>> =
            blobs.map(|blob| self.service.blobs.local_path(&blob)).collect();
        let parts = paths.ok_or(Error::NotReady)?;
        let mut limits = self.limits(0);
        limits.cpu_s_max = CPU_S_MAX;
        let request = Request { order: Order::Join { parts, output: output.clone() }, limits };
        let Said::Done(_) = self.runner()?.run(&request, &self.stopping).await? else {
            return Err(Error::Died("it did not say that it is done".to_owned()));
        };
        let found = std::fs::symlink_metadata(&output)?;
        if !found.is_file() {
            return Err(Error::Died("a download is not a file".to_owned()));
        }
        Ok(Download { path: output, bytes: found.len(), _scratch: scratch })
    }
}
