//! From frames to JPEG.

use ffmpeg_next as av;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;

use crate::fault::Trouble;
use crate::libav;

/// Quality of JPEGs: 2 is the best, 31 the worst.
const QUALITY: usize = 4;

/// The largest even size within bounds that keeps a shape; never larger than the picture.
pub(crate) fn fit_inside(
    (width, height): (u32, u32),
    (width_max, height_max): (u32, u32),
) -> (u32, u32) {
    let (w, h) = (u64::from(width.max(1)), u64::from(height.max(1)));
    let (bound_w, bound_h) = (u64::from(width_max).min(w), u64::from(height_max).min(h));
    let (fit_w, fit_h) = if bound_w * h <= bound_h * w {
        (bound_w, bound_w * h / w)
    } else {
        (bound_h * w / h, bound_h)
    };
    let even = |side: u64| u32::try_from(side & !1).unwrap_or(2).max(2);
    (even(fit_w), even(fit_h))
}

/// A frame in another size and format.
pub(crate) fn scale(
    frame: &Video,
    format: Pixel,
    (width, height): (u32, u32),
) -> Result<Video, Trouble> {
    let mut scaler = scaling::Context::get(
        frame.format(),
        frame.width(),
        frame.height(),
        format,
        width,
        height,
        scaling::Flags::BICUBIC,
    )?;
    let mut scaled = Video::empty();
    scaler.run(frame, &mut scaled)?;
    Ok(scaled)
}

/// A frame of `YUVJ420P` as JPEG.
pub(crate) fn jpeg(frame: &mut Video) -> Result<Vec<u8>, Trouble> {
    let codec = av::encoder::find(av::codec::Id::MJPEG).ok_or(av::Error::EncoderNotFound)?;
    let mut context = av::codec::Context::new_with_codec(codec);
    context.set_flags(av::codec::Flags::QSCALE | av::codec::Flags::BITEXACT);
    let mut encoder = context.encoder().video()?;
    encoder.set_width(frame.width());
    encoder.set_height(frame.height());
    encoder.set_format(Pixel::YUVJ420P);
    encoder.set_time_base((1, 25));
    let lambda = QUALITY * 118;
    encoder.set_quality(lambda);
    let mut encoder = encoder.open()?;
    frame.set_pts(Some(0));
    libav::set_quality(frame, lambda);
    encoder.send_frame(frame)?;
    encoder.send_eof()?;
    let mut packet = av::Packet::empty();
    encoder.receive_packet(&mut packet)?;
    Ok(packet.data().unwrap_or_default().to_vec())
}

/// A frame as JPEG in a size.
pub(crate) fn jpeg_of(frame: &Video, size: (u32, u32)) -> Result<Vec<u8>, Trouble> {
    jpeg(&mut scale(frame, Pixel::YUVJ420P, size)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_shape_and_are_never_enlarged() {
        assert_eq!(fit_inside((1920, 1080), (280, 157)), (278, 156));
        assert_eq!(fit_inside((1080, 1920), (850, 480)), (270, 480));
        assert_eq!(fit_inside((100, 50), (850, 480)), (100, 50));
        assert_eq!(fit_inside((1, 5000), (850, 480)), (2, 480));
    }
}
