//! Sprites for seek previews: one JPEG with rows of equal pictures.

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use kinora_order::{Picture, Progress, Storyboard};

use crate::fault::Trouble;
use crate::report::Report;
use crate::{picture, scratch};

/// Lays sprites out as frames pass.
pub(crate) struct Board<'a> {
    report: &'a Report,
    folder: std::path::PathBuf,
    sheet: Video,
    sprite: (u32, u32),
    columns: u32,
    wanted: u32,
    every_us: i64,
    made: u32,
}

impl<'a> Board<'a> {
    /// A board for a video of this size and length.
    pub(crate) fn new(
        report: &'a Report,
        folder: std::path::PathBuf,
        order: &Storyboard,
        shown: (u32, u32),
        duration_us: u64,
    ) -> Self {
        let most = u64::from(order.sprites_max.max(1));
        let every_ms = (duration_us / 1_000).div_ceil(most).max(order.interval_ms_min).max(1);
        let wanted = (duration_us / 1_000).div_ceil(every_ms).clamp(1, most);
        let wanted = u32::try_from(wanted).unwrap_or(1);
        let columns = wanted.isqrt() + u32::from(wanted.isqrt().pow(2) < wanted);
        let sprite = picture::fit_inside(shown, (order.sprite_width_max, order.sprite_height_max));
        let sheet =
            Video::new(Pixel::YUVJ420P, columns * sprite.0, wanted.div_ceil(columns) * sprite.1);
        let every_us = i64::try_from(every_ms).unwrap_or(1).saturating_mul(1_000);
        let mut board = Self { report, folder, sheet, sprite, columns, wanted, every_us, made: 0 };
        board.blacken();
        board
    }

    /// Unused places are black, and the same bytes each time.
    fn blacken(&mut self) {
        for (plane, value) in [(0, 0), (1, 128), (2, 128)] {
            self.sheet.data_mut(plane).fill(value);
        }
    }

    /// Looks at a frame, timed in microseconds.
    pub(crate) fn see(&mut self, frame: &Video) -> Result<(), Trouble> {
        let at = frame.pts().unwrap_or(0);
        if self.made < self.wanted && at >= i64::from(self.made) * self.every_us {
            let sprite = picture::scale(frame, Pixel::YUVJ420P, self.sprite)?;
            self.place(&sprite);
            self.made += 1;
        }
        Ok(())
    }

    fn place(&mut self, sprite: &Video) {
        let (column, row) = (self.made % self.columns, self.made / self.columns);
        for plane in 0..3 {
            let halve = |side: u32| if plane == 0 { side } else { side / 2 };
            let (width, height) = (index(halve(self.sprite.0)), index(halve(self.sprite.1)));
            let (left, top) = (index(column) * width, index(row) * height);
            let (from_stride, to_stride) = (sprite.stride(plane), self.sheet.stride(plane));
            let rows = sprite.data(plane).chunks(from_stride).take(height);
            let places = self.sheet.data_mut(plane).chunks_mut(to_stride).skip(top);
            for (from, to) in rows.zip(places) {
                if let (Some(from), Some(to)) = (from.get(..width), to.get_mut(left..left + width))
                {
                    to.copy_from_slice(from);
                }
            }
        }
    }

    /// Writes the sheet, if any frame passed.
    pub(crate) fn finish(mut self) -> Result<(), Trouble> {
        if self.made == 0 {
            return Ok(());
        }
        let (width, height) = (self.sheet.width(), self.sheet.height());
        let written = scratch::write(&self.folder, "jpg", &picture::jpeg(&mut self.sheet)?)?;
        let picture = Picture {
            path: written.path,
            sha256: written.sha256,
            bytes: written.bytes,
            width,
            height,
        };
        self.report.line(&Progress::Storyboard {
            picture,
            sprite_width: self.sprite.0,
            sprite_height: self.sprite.1,
            sprites: self.made,
            sprite_ms: u64::try_from(self.every_us / 1_000).unwrap_or(1),
        });
        Ok(())
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(0)
}
