//! What is in a file.

use std::path::Path;

use ffmpeg_next as av;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::format::stream::{Disposition, Stream};
use kinora_order::{AudioFacts, Copyable, Facts, PictureFacts, Refusal};

use crate::fault::Trouble;
use crate::input;
use crate::libav;
use crate::segment::us;

/// More than this apart, keyframes make seeking and switching painful.
const KEYFRAME_GAP_US_MAX: u64 = 10_000_000;
/// The most pixels of one frame: 8K.
const PIXELS_MAX: u64 = 8192 * 8192;
/// The longest video: two days.
const DURATION_US_MAX: u64 = 48 * 60 * 60 * 1_000_000;

/// Says what is in a file.
pub(crate) fn probe(path: &Path) -> Result<Facts, Trouble> {
    let input = input::media(path)?;
    let facts = facts(&input);
    if facts.picture.is_none() && facts.audio.is_empty() {
        return Err(Trouble::refused(
            Refusal::NoStreams,
            "There is neither picture nor sound in the file that can be played.",
        ));
    }
    let pixels = facts.picture.as_ref().map_or(0, |it| u64::from(it.width) * u64::from(it.height));
    if pixels > PIXELS_MAX || facts.duration_us > DURATION_US_MAX {
        return Err(Trouble::refused(
            Refusal::TooLarge,
            "The picture is too large, or the video longer than two days.",
        ));
    }
    Ok(facts)
}

/// The moving picture: not cover art, which is a still that came along.
pub(crate) fn picture_stream(input: &Input) -> Option<Stream<'_>> {
    input.streams().find(|stream| {
        stream.parameters().medium() == av::media::Type::Video
            && !is_still(stream)
            && is_known(stream)
    })
}

/// Cover art.
pub(crate) fn cover_stream(input: &Input) -> Option<Stream<'_>> {
    input.streams().find(|stream| {
        stream.parameters().medium() == av::media::Type::Video
            && is_still(stream)
            && is_known(stream)
    })
}

/// The first sound track.
pub(crate) fn sound_stream(input: &Input) -> Option<Stream<'_>> {
    sound_streams(input).next()
}

fn sound_streams(input: &Input) -> impl Iterator<Item = Stream<'_>> {
    input.streams().filter(|stream| {
        stream.parameters().medium() == av::media::Type::Audio
            && is_known(stream)
            && libav::shape(&stream.parameters()).sample_rate > 0
    })
}

fn is_still(stream: &Stream<'_>) -> bool {
    stream.disposition().contains(Disposition::ATTACHED_PIC)
}

fn is_known(stream: &Stream<'_>) -> bool {
    let shape = libav::shape(&stream.parameters());
    let has_size = shape.width > 0 && shape.height > 0;
    (stream.parameters().medium() != av::media::Type::Video || has_size)
        && av::decoder::find(stream.parameters().id()).is_some()
}

/// When the video begins, in microseconds of the file's clock: its first picture, or its first sound.
pub(crate) fn origin_us(input: &Input) -> i64 {
    let start = |stream: Stream<'_>| {
        let known = stream.start_time() != ffmpeg_next::ffi::AV_NOPTS_VALUE;
        known.then(|| us(stream.start_time(), stream.time_base()))
    };
    picture_stream(input).or_else(|| sound_stream(input)).and_then(start).unwrap_or(0)
}

/// How long the video is, in microseconds; 0 if the container does not say.
pub(crate) fn duration_us(input: &Input) -> u64 {
    u64::try_from(input.duration()).unwrap_or(0)
}

/// What is in an opened file.
pub(crate) fn facts(input: &Input) -> Facts {
    let picture = picture_stream(input).map(|stream| picture_facts(&stream));
    let audio: Vec<_> = sound_streams(input).map(|stream| audio_facts(&stream)).collect();
    let copyable = match copy_obstacle(input, picture.as_ref()) {
        None => Copyable::Yes,
        Some(reason) => Copyable::No { reason: reason.to_owned() },
    };
    Facts {
        container: input.format().name().to_owned(),
        duration_us: duration_us(input),
        start_us: origin_us(input),
        has_cover: cover_stream(input).is_some(),
        picture,
        audio,
        copyable,
    }
}

fn picture_facts(stream: &Stream<'_>) -> PictureFacts {
    let parameters = stream.parameters();
    let shape = libav::shape(&parameters);
    let rotation = rotation(stream);
    let (width, height) = displayed(&shape, rotation);
    PictureFacts {
        codec: parameters.id().name().to_owned(),
        width,
        height,
        rotation,
        fps_milli: fps_milli(stream),
        bit_depth: bit_depth(shape.pixel),
        hdr: is_hdr(&shape),
        keyframe_gap_us: keyframe_gap_us(stream),
        rate_bps: u64::try_from(parameters.bit_rate()).unwrap_or(0),
    }
}

/// True if brightness is coded by PQ (SMPTE ST 2084) or HLG (ARIB STD-B67).
pub(crate) fn is_hdr(shape: &libav::Shape) -> bool {
    use av::color::TransferCharacteristic as Transfer;
    matches!(shape.transfer, Transfer::SMPTE2084 | Transfer::ARIB_STD_B67)
}

/// What the colours of the frames mean that reach an encoder: those of the source; BT.709 after tone mapping, and where
/// nothing is said BT.709 from 720 lines on and BT.601 below, as players guess.
pub(crate) fn colours(shape: &libav::Shape) -> libav::Shape {
    use av::color::{Primaries, Space, TransferCharacteristic as Transfer};
    let unsaid = matches!(shape.space, Space::Unspecified | Space::RGB);
    let (primaries, transfer, space) = if is_hdr(shape) || (unsaid && shape.height >= 720) {
        (Primaries::BT709, Transfer::BT709, Space::BT709)
    } else if unsaid {
        (Primaries::SMPTE170M, Transfer::SMPTE170M, Space::SMPTE170M)
    } else {
        (shape.primaries, shape.transfer, shape.space)
    };
    libav::Shape { primaries, transfer, space, ..*shape }
}

/// Size with square pixels and after rotation.
pub(crate) fn displayed(shape: &libav::Shape, rotation: u16) -> (u32, u32) {
    let (width, height) =
        (u64::try_from(shape.width).unwrap_or(0), u64::try_from(shape.height).unwrap_or(0));
    let width = match shape.aspect {
        (num @ 1.., den @ 1..) => {
            let (num, den) = (u64::from(num.unsigned_abs()), u64::from(den.unsigned_abs()));
            (width * num + den / 2) / den
        }
        _ => width,
    };
    let clamp = |side: u64| u32::try_from(side).unwrap_or(u32::MAX);
    if rotation % 180 == 90 { (clamp(height), clamp(width)) } else { (clamp(width), clamp(height)) }
}

/// The clockwise rotation that players apply, to the nearest quarter, out of the display matrix (ISO/IEC 14496-12).
pub(crate) fn rotation(stream: &Stream<'_>) -> u16 {
    let matrix = stream
        .side_data()
        .find(|data| data.kind() == av::codec::packet::side_data::Type::DisplayMatrix)
        .map(|data| data.data().to_vec());
    let Some(matrix) = matrix else { return 0 };
    let mut cells =
        matrix.chunks_exact(4).filter_map(|cell| cell.try_into().ok()).map(i32::from_ne_bytes);
    let (Some(a), Some(b)) = (cells.next(), cells.next()) else { return 0 };
    match (a, b) {
        _ if a.abs() >= b.abs() && a >= 0 => 0,
        _ if a.abs() >= b.abs() => 180,
        _ if b > 0 => 90,
        _ => 270,
    }
}

/// Pictures a second, in thousandths: the average, drawn to the usual rate it is within half a percent of.
pub(crate) fn fps_milli(stream: &Stream<'_>) -> u32 {
    const USUAL: [u32; 10] =
        [15_000, 23_976, 24_000, 25_000, 29_970, 30_000, 48_000, 50_000, 59_940, 60_000];
    let rate =
        [stream.avg_frame_rate(), stream.rate()].into_iter().find(|rate| rate.0 > 0 && rate.1 > 0);
    let milli = rate.map_or(25_000, |rate| {
        let exact = i64::from(rate.0) * 1_000 / i64::from(rate.1);
        u32::try_from(exact).unwrap_or(25_000).clamp(1_000, 240_000)
    });
    let nearest = USUAL.into_iter().min_by_key(|usual| usual.abs_diff(milli));
    nearest.filter(|usual| usual.abs_diff(milli) <= usual / 200).unwrap_or(milli)
}

fn bit_depth(pixel: Pixel) -> u8 {
    pixel.descriptor().and_then(|_| depth_of(pixel)).unwrap_or(8)
}

fn depth_of(pixel: Pixel) -> Option<u8> {
    let name = pixel.descriptor()?.name().to_owned();
    [("p10", 10), ("p12", 12), ("p14", 14), ("p16", 16)]
        .into_iter()
        .find(|(mark, _)| name.contains(mark))
        .map(|(_, bits)| bits)
}

fn keyframe_gap_us(stream: &Stream<'_>) -> u64 {
    let mut times = libav::index_keyframes(stream);
    if let (Some(first), true) = (times.first(), stream.duration() > 0) {
        times.push(first + stream.duration());
    }
    let gaps = times
        .iter()
        .zip(times.iter().skip(1))
        .map(|(earlier, later)| us(later - earlier, stream.time_base()));
    gaps.max().and_then(|gap| u64::try_from(gap).ok()).unwrap_or(0)
}

fn audio_facts(stream: &Stream<'_>) -> AudioFacts {
    let parameters = stream.parameters();
    let decoder =
        av::codec::Context::from_parameters(parameters.clone()).and_then(|it| it.decoder().audio());
    AudioFacts {
        codec: parameters.id().name().to_owned(),
        channels: decoder.map(|it| it.channels()).unwrap_or(0),
        sample_rate: u32::try_from(libav::shape(&parameters).sample_rate).unwrap_or(0),
        language: stream
            .metadata()
            .get("language")
            .filter(|code| *code != "und")
            .map(str::to_owned),
    }
}

/// Why a source cannot be packed as it is, if it cannot.
fn copy_obstacle(input: &Input, picture: Option<&PictureFacts>) -> Option<&'static str> {
    const BASELINE: [i32; 2] = [66, 578];
    const MAIN_HIGH: [i32; 2] = [77, 100];
    let (Some(facts), Some(stream)) = (picture, picture_stream(input)) else {
        return Some("no moving picture");
    };
    let parameters = stream.parameters();
    let shape = libav::shape(&parameters);
    if parameters.id() != av::codec::Id::H264 {
        return Some("the picture is not H.264");
    }
    if !BASELINE.contains(&shape.profile) && !MAIN_HIGH.contains(&shape.profile) {
        return Some("the H.264 profile is beyond High");
    }
    if !matches!(shape.pixel, Pixel::YUV420P | Pixel::YUVJ420P) {
        return Some("the picture is not 8 bit 4:2:0");
    }
    if shape.interlaced {
        return Some("the picture is interlaced");
    }
    if facts.rotation != 0 || !matches!(shape.aspect, (0, _) | (1, 1)) {
        return Some("the picture is rotated, or its pixels are not square");
    }
    if facts.keyframe_gap_us > KEYFRAME_GAP_US_MAX {
        return Some("keyframes are more than 10 s apart");
    }
    if libav::extradata(&parameters).is_empty() {
        return Some("the decoder's configuration is not in the header");
    }
    match sound_stream(input) {
        Some(sound) if ends_apart(&stream, &sound) => Some("picture and sound do not end together"),
        Some(sound) => sound_obstacle(&sound),
        None => None,
    }
}

/// True if one track goes on for seconds when the other has ended: players would stop there.
fn ends_apart(picture: &Stream<'_>, sound: &Stream<'_>) -> bool {
    const APART_US_MAX: u64 = 2_000_000;
    let end = |stream: &Stream<'_>| {
        let known = stream.duration() > 0;
        known.then(|| us(stream.start_time().max(0) + stream.duration(), stream.time_base()))
    };
    matches!((end(picture), end(sound)), (Some(one), Some(other)) if one.abs_diff(other) > APART_US_MAX)
}

fn sound_obstacle(sound: &Stream<'_>) -> Option<&'static str> {
    const AAC_LC: i32 = 1;
    let parameters = sound.parameters();
    if parameters.id() != av::codec::Id::AAC || libav::shape(&parameters).profile != AAC_LC {
        return Some("the sound is not AAC-LC");
    }
    if libav::extradata(&parameters).is_empty() {
        return Some("the sound's configuration is not in the header");
    }
    (audio_facts(sound).channels > 2).then_some("the sound has more than two channels")
}

/// The longest gap between keyframes that is packed without encoding, in microseconds.
pub(crate) fn keyframe_gap_max() -> i64 {
    i64::try_from(KEYFRAME_GAP_US_MAX).unwrap_or(i64::MAX)
}
