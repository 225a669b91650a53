//! Pictures that people send (avatars, banners, thumbnails): decoded by the transcoder, in its sandbox.

use std::path::{Path, PathBuf};

use bytes::Bytes;
pub use kinora_order::Fit;
use kinora_order::{ImageSize, Order, Request};

use crate::Media;
use crate::error::Error;
use crate::runner::Said;
use crate::scratch::Scratch;

/// The most pixels of a picture that are decoded: what a good camera makes, and far below what fills the memory.
pub const PIXELS_MAX: u64 = 64_000_000;

/// The largest picture that comes back, in bytes.
const MADE_BYTES_MAX: u64 = 8 << 20;

/// CPU seconds that a picture may take.
const CPU_S_MAX: u64 = 30;

/// A size that is wanted of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether it fills that size, or fits inside.
    pub fit: Fit,
}

/// A JPEG that was made of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The JPEG.
    pub bytes: Bytes,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Media {
    /// Makes JPEGs of a picture that someone sent, one for each size, in their order. The input is left where it is.
    ///
    /// # Errors
    /// [`Error::Refused`] if it is no picture, or one of more than [`PIXELS_MAX`] pixels; otherwise as for any order.
    pub async fn picture(&self, input: &Path, sizes: &[Size]) -> Result<Vec<Made>, Error> {
        let _place = self.pictures.acquire().await.map_err(|_closed| Error::Stopping)?;
        let scratch = Scratch::new(&self.scratch, "picture", self.service.id::<Self>().raw())?;
        let sizes: Vec<ImageSize> = sizes
            .iter()
            .enumerate()
            .map(|(index, size)| ImageSize {
                width: size.width,
                height: size.height,
                fit: size.fit,
                output: scratch.path().join(format!("{index}.jpg")),
            })
            .collect();
        let outputs: Vec<PathBuf> = sizes.iter().map(|size| size.output.clone()).collect();
        let order = Order::Image { input: absolute(input)?, sizes, pixels_max: PIXELS_MAX };
        let mut limits = self.limits(0);
        limits.cpu_s_max = CPU_S_MAX;
        limits.file_bytes_max = MADE_BYTES_MAX;
        let request = Request { order, limits };
        let said = self.runner()?.run(&request, &self.stopping).await?;
        let Said::Pictures(pictures) = said else {
            return Err(Error::Died("it made no pictures".to_owned()));
        };
        if pictures.len() != outputs.len() {
            return Err(Error::Died("it made other pictures than asked for".to_owned()));
        }
        let mut made = Vec::with_capacity(outputs.len());
        for (picture, output) in pictures.into_iter().zip(outputs) {
            let found = std::fs::symlink_metadata(&output)?;
            if !found.is_file() || found.len() > MADE_BYTES_MAX {
                return Err(Error::Died("a picture is not what it says".to_owned()));
            }
            let bytes = tokio::fs::read(&output).await?.into();
            made.push(Made { bytes, width: picture.width, height: picture.height });
        }
        Ok(made)
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    Ok(std::path::absolute(path)?)
}
