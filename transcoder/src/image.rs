//! Pictures that people send: measured before anything is decoded, then made anew as JPEG.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use ffmpeg_next as av;
use ffmpeg_next::filter;
use ffmpeg_next::frame::Video;
use kinora_order::{Fault, Fit, ImageSize, Outcome, Picture, Refusal};
use sha2::{Digest, Sha256};

use crate::fault::Trouble;
use crate::{input, libav, picture};

/// How much of a file is looked at for its size: JPEGs carry their metadata before it.
const HEAD_BYTES: u64 = 1 << 20;

/// Makes pictures of a picture.
pub(crate) fn make(path: &Path, sizes: &[ImageSize], pixels_max: u64) -> Result<Outcome, Trouble> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(Trouble::refused(Refusal::Empty, "The picture is empty."));
    }
    let Some((demuxer, (width, height))) = measure(&head) else {
        return Err(Trouble::refused(
            Refusal::NotMedia,
            "This is not a JPEG, PNG, WebP or GIF picture.",
        ));
    };
    if u64::from(width) * u64::from(height) > pixels_max {
        let detail = format!(
            "The picture has {width} × {height} pixels, which is more than this server takes."
        );
        return Err(Trouble::refused(Refusal::TooLarge, detail));
    }
    let frame = upright(decode(path, demuxer)?)?;
    let made = sizes.iter().map(|size| write(&frame, size));
    Ok(Outcome::Pictures { pictures: made.collect::<Result<_, _>>()? })
}

/// The first frame.
fn decode(path: &Path, demuxer: &str) -> Result<Video, Trouble> {
    let broken = |_| Trouble::refused(Refusal::Truncated, "The picture is damaged.");
    let mut input = input::picture(path, demuxer)?;
    let stream = input.streams().find(|it| it.parameters().medium() == av::media::Type::Video);
    let Some((index, parameters)) = stream.map(|it| (it.index(), it.parameters())) else {
        return Err(Trouble::refused(Refusal::NoStreams, "There is no picture in the file."));
    };
    let mut decoder =
        av::codec::Context::from_parameters(parameters)?.decoder().video().map_err(broken)?;
    let (mut packet, mut frame) = (av::Packet::empty(), Video::empty());
    while packet.read(&mut input).is_ok() {
        if packet.stream() == index {
            decoder.send_packet(&packet).map_err(broken)?;
            if decoder.receive_frame(&mut frame).is_ok() {
                return Ok(frame);
            }
        }
    }
    decoder.send_eof().map_err(broken)?;
    decoder.receive_frame(&mut frame).map_err(broken)?;
    Ok(frame)
}

fn write(frame: &Video, size: &ImageSize) -> Result<Picture, Trouble> {
    let shown = (frame.width(), frame.height());
    let even = |side: u32| (side & !1).max(2);
    let (made, (width, height)) = match size.fit {
        Fit::Inside => (frame.clone(), picture::fit_inside(shown, (size.width, size.height))),
        Fit::Cover => (cut(frame, size)?, (even(size.width), even(size.height))),
    };
    let bytes = picture::jpeg_of(&made, (width, height))?;
    fs::write(&size.output, &bytes)?;
    Ok(Picture {
        path: size.output.clone(),
        sha256: hex::encode(Sha256::digest(&bytes)),
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        width,
        height,
    })
}

/// A photograph as its camera was held (EXIF `Orientation`, which libav tells as the frame's metadata).
fn upright(frame: Video) -> Result<Video, Trouble> {
    let orientation = frame.metadata().get("Orientation").and_then(|it| it.trim().parse().ok());
    let turn = match orientation.unwrap_or(1_u8) {
        2 => "hflip",
        3 => "hflip,vflip",
        4 => "vflip",
        5 => "transpose=cclock_flip",
        6 => "transpose=clock",
        7 => "transpose=clock_flip",
        8 => "transpose=cclock",
        _ => return Ok(frame),
    };
    through(&frame, turn)
}

/// The middle of a frame, in the shape of a size.
fn cut(frame: &Video, size: &ImageSize) -> Result<Video, Trouble> {
    let (w, h) = (u64::from(frame.width()), u64::from(frame.height()));
    let (to_w, to_h) = (u64::from(size.width.max(1)), u64::from(size.height.max(1)));
    let (cut_w, cut_h) =
        if w * to_h >= h * to_w { (h * to_w / to_h, h) } else { (w, w * to_h / to_w) };
    through(frame, &format!("crop=w={}:h={}:exact=1", cut_w.max(1), cut_h.max(1)))
}

/// A frame after filters.
fn through(frame: &Video, filters: &str) -> Result<Video, Trouble> {
    let mut graph = filter::Graph::new();
    let format = frame.format().descriptor().map_or("rgb24", |it| it.name());
    let (w, h) = (frame.width(), frame.height());
    let arguments = format!("video_size={w}x{h}:pix_fmt={format}:time_base=1/25:pixel_aspect=1/1");
    let named = |name| filter::find(name).ok_or(av::Error::FilterNotFound);
    graph.add(&named("buffer")?, "in", &arguments)?;
    graph.add(&named("buffersink")?, "out", "")?;
    graph.output("in", 0)?.input("out", 0)?.parse(filters)?;
    graph.validate()?;
    let missing = || Trouble::failed(Fault::Libav, "the filter graph has no ends");
    libav::feed(&mut graph.get("in").ok_or_else(missing)?, frame)?;
    graph.get("in").ok_or_else(missing)?.source().flush()?;
    let mut made = Video::empty();
    graph.get("out").ok_or_else(missing)?.sink().frame(&mut made)?;
    Ok(made)
}

/// Demuxer, width and height out of the header alone: PNG (W3C), GIF89a, WebP (RFC 9649), JPEG (ITU T.81).
fn measure(head: &[u8]) -> Option<(&'static str, (u32, u32))> {
    let be32 = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let le16 =
        |at: usize| Some(u32::from(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?)));
    let le24 = |at: usize| {
        Some(u32::from_le_bytes([*head.get(at)?, *head.get(at + 1)?, *head.get(at + 2)?, 0]))
    };
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(("png_pipe", (be32(16)?, be32(20)?)));
    }
    if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        return Some(("gif", (le16(6)?, le16(8)?)));
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        let size = match head.get(12..16)? {
            b"VP8X" => Some((le24(24)? + 1, le24(27)? + 1)),
            b"VP8 " => Some((le16(26)? & 0x3fff, le16(28)? & 0x3fff)),
            b"VP8L" => {
                let bits = u32::from_le_bytes(head.get(21..25)?.try_into().ok()?);
                Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
            }
            _ => None,
        };
        return Some(("webp_pipe", size?));
    }
    head.starts_with(&[0xff, 0xd8])
        .then(|| measure_jpeg(head))
        .flatten()
        .map(|it| ("jpeg_pipe", it))
}

fn measure_jpeg(head: &[u8]) -> Option<(u32, u32)> {
    let be16 = |at: usize| Some(u16::from_be_bytes(head.get(at..at + 2)?.try_into().ok()?));
    let mut at = 2;
    loop {
        let (mark, kind) = (*head.get(at)?, *head.get(at + 1)?);
        if mark != 0xff {
            return None;
        }
        match kind {
            0xff => at += 1,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((u32::from(be16(at + 7)?), u32::from(be16(at + 5)?)));
            }
            _ => at += 2 + usize::from(be16(at + 2)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_measured_without_being_decoded() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend(50_000_u32.to_be_bytes());
        png.extend(50_000_u32.to_be_bytes());
        assert_eq!(measure(&png), Some(("png_pipe", (50_000, 50_000))));
    }

    #[test]
    fn headers_that_stop_short_are_no_pictures() {
        for head in [
            b"\x89PNG\r\n\x1a\n".as_slice(),
            b"GIF89a",
            b"RIFF....WEBPVP8X",
            b"\xff\xd8\xff\xe1\0",
            b"text",
        ] {
            assert_eq!(measure(head), None);
        }
    }
}
