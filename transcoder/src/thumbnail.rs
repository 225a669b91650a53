//! Pictures to choose a thumbnail from: spread over the video, and not black.

use std::path::PathBuf;

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use kinora_order::{Picture, Progress, ThumbnailSize};

use crate::fault::Trouble;
use crate::report::Report;
use crate::{picture, scratch};

/// A picture whose brightness varies less than this (standard deviation, of 255) says nothing: black, white, a fade.
const VARIED: f64 = 16.0;
/// How long to wait for a better picture, in microseconds.
const PATIENCE_US: i64 = 3_000_000;
/// The least time between two looks, in microseconds.
const LOOK_EVERY_US: i64 = 300_000;

/// Picks candidates out of the frames that pass.
pub(crate) struct Picker<'a> {
    report: &'a Report,
    folder: PathBuf,
    sizes: &'a [ThumbnailSize],
    shown: (u32, u32),
    targets_us: Vec<i64>,
    next: usize,
    best: Option<(f64, i64, Video)>,
    looked_us: i64,
}

/// When candidates are wanted: in the middle of equal parts.
pub(crate) fn targets(count: u8, duration_us: u64) -> Vec<i64> {
    let (count, duration) = (u64::from(count), duration_us);
    (0..count)
        .filter_map(|place| i64::try_from(duration * (2 * place + 1) / (2 * count)).ok())
        .collect()
}

impl<'a> Picker<'a> {
    /// A picker; `shown` is the size of the video as displayed.
    pub(crate) fn new(
        report: &'a Report,
        folder: PathBuf,
        sizes: &'a [ThumbnailSize],
        shown: (u32, u32),
        targets_us: Vec<i64>,
    ) -> Self {
        Self {
            report,
            folder,
            sizes,
            shown,
            targets_us,
            next: 0,
            best: None,
            looked_us: i64::MIN / 2,
        }
    }

    /// Looks at a frame, timed in microseconds.
    pub(crate) fn see(&mut self, frame: &Video) -> Result<(), Trouble> {
        let Some(target) = self.targets_us.get(self.next).copied() else { return Ok(()) };
        let at = frame.pts().unwrap_or(0);
        if at < target || at - self.looked_us < LOOK_EVERY_US {
            return Ok(());
        }
        self.looked_us = at;
        let score = variation(frame)?;
        if self.best.as_ref().is_none_or(|(best, ..)| score > *best) {
            self.best = Some((score, at, frame.clone()));
        }
        if score >= VARIED || at - target > PATIENCE_US { self.take() } else { Ok(()) }
    }

    /// Takes the best picture so far for the present target, and goes on to the next.
    pub(crate) fn take(&mut self) -> Result<(), Trouble> {
        let Some((_, at, frame)) = self.best.take() else { return Ok(()) };
        let mut pictures = Vec::new();
        for size in self.sizes {
            let (width, height) =
                picture::fit_inside(self.shown, (size.width_max, size.height_max));
            let written =
                scratch::write(&self.folder, "jpg", &picture::jpeg_of(&frame, (width, height))?)?;
            pictures.push(Picture {
                path: written.path,
                sha256: written.sha256,
                bytes: written.bytes,
                width,
                height,
            });
        }
        let index = u8::try_from(self.next).unwrap_or(u8::MAX);
        self.report.line(&Progress::Thumbnail {
            index,
            at_us: u64::try_from(at).unwrap_or(0),
            pictures,
        });
        self.next += 1;
        Ok(())
    }

    /// The last frame has passed: a video shorter than its header says still gets a picture.
    pub(crate) fn finish(&mut self) -> Result<(), Trouble> {
        self.take()
    }
}

/// The standard deviation of brightness.
fn variation(frame: &Video) -> Result<f64, Trouble> {
    const SIDE: u32 = 48;
    let small = picture::scale(frame, Pixel::GRAY8, (SIDE, SIDE))?;
    let rows = small.data(0).chunks(small.stride(0)).take(48);
    let values: Vec<f64> =
        rows.flat_map(|row| row.iter().take(48)).map(|value| f64::from(*value)).collect();
    let count = f64::from(u32::try_from(values.len().max(1)).unwrap_or(1));
    let mean = values.iter().sum::<f64>() / count;
    Ok((values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}
