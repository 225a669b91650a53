//! The few calls of libav that the wrapper does not offer. All `unsafe` of the media side stands here.
#![expect(unsafe_code, reason = "calls into libav that ffmpeg-next does not wrap")]

use std::ffi::CString;
use std::sync::{Arc, Mutex, PoisonError};

use ffmpeg_next as av;
use ffmpeg_next::ffi;
use ffmpeg_next::format::context::{Output, StreamIo};

/// Registers what needs it and silences libav: its words go to stderr, which the node bounds and logs.
pub(crate) fn start() -> Result<(), av::Error> {
    av::init()?;
    av::util::log::set_level(av::util::log::Level::Error);
    Ok(())
}

/// Bytes that a muxer wrote and nobody took yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    /// Takes all bytes.
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A muxer that writes into a [`Sink`].
pub(crate) fn mux_to(sink: Sink, format: &str) -> Result<Output, av::Error> {
    let mut output = av::format::output_to_stream(StreamIo::from_write(sink)?, None, Some(format))?;
    // SAFETY: the context lives; the flag only leaves the version of the library out of the file, so that the same
    // packets make the same bytes.
    unsafe { (*output.as_mut_ptr()).flags |= ffi::AVFMT_FLAG_BITEXACT };
    Ok(output)
}

/// Opens a file with one demuxer and no other: the file's name has no say.
pub(crate) fn open_as(
    path: &std::path::Path,
    demuxer: &str,
    options: av::Dictionary<'_>,
) -> Result<av::format::context::Input, av::Error> {
    let name = CString::new(demuxer).map_err(|_nul| av::Error::DemuxerNotFound)?;
    // SAFETY: the name is a C string; what is found is static and checked for null.
    let format = unsafe {
        let found = ffi::av_find_input_format(name.as_ptr());
        if found.is_null() {
            return Err(av::Error::DemuxerNotFound);
        }
        av::Format::Input(av::format::Input::wrap(found.cast_mut()))
    };
    match av::format::open_with(path, &format, options)? {
        av::format::Context::Input(input) => Ok(input),
        av::format::Context::Output(_) => Err(av::Error::Bug),
    }
}

/// Ends the muxer's current fragment and pushes its bytes into the sink.
pub(crate) fn flush_fragment(output: &mut Output) -> Result<(), av::Error> {
    // SAFETY: a null packet is the documented way to flush; the context and its pb live.
    let code = unsafe { ffi::av_write_frame(output.as_mut_ptr(), std::ptr::null_mut()) };
    flush_bytes(output);
    if code < 0 { Err(av::Error::from(code)) } else { Ok(()) }
}

/// Pushes what the muxer buffered into the sink.
pub(crate) fn flush_bytes(output: &mut Output) {
    // SAFETY: the context has a pb of its own from `mux_to`.
    unsafe { ffi::avio_flush((*output.as_mut_ptr()).pb) };
}

/// Writes a packet to the muxer as it is, in the order given. The packet can be used again.
pub(crate) fn write_packet(output: &mut Output, packet: &av::Packet) -> Result<(), av::Error> {
    packet.write(output).map(|_| ())
}

/// The extradata of codec parameters: `avcC` or Annex B for H.264.
pub(crate) fn extradata(parameters: &av::codec::Parameters) -> Vec<u8> {
    // SAFETY: pointer and size belong together; the bytes are copied while the parameters live.
    unsafe {
        let raw = &*parameters.as_ptr();
        match usize::try_from(raw.extradata_size) {
            Ok(size) if size > 0 && !raw.extradata.is_null() => {
                std::slice::from_raw_parts(raw.extradata, size).to_vec()
            }
            _ => Vec::new(),
        }
    }
}

/// What codec parameters say, in plain numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Coded width in pixels.
    pub(crate) width: i32,
    /// Coded height in pixels.
    pub(crate) height: i32,
    /// The codec's profile.
    pub(crate) profile: i32,
    /// The pixel format.
    pub(crate) pixel: av::format::Pixel,
    /// The shape of a pixel, 0/1 if unknown.
    pub(crate) aspect: (i32, i32),
    /// True if lines are interlaced.
    pub(crate) interlaced: bool,
    /// How brightness is coded.
    pub(crate) transfer: av::color::TransferCharacteristic,
    /// Which primaries its colours mean.
    pub(crate) primaries: av::color::Primaries,
    /// How colours become brightness and difference.
    pub(crate) space: av::color::Space,
    /// True if black is 0 and not 16, in a format whose name does not say so.
    pub(crate) full_range: bool,
    /// Samples a second.
    pub(crate) sample_rate: i32,
}

/// What codec parameters say.
pub(crate) fn shape(parameters: &av::codec::Parameters) -> Shape {
    // SAFETY: reads plain fields of live parameters. The pixel format of a video stream is one of its enum, or none.
    unsafe {
        let raw = &*parameters.as_ptr();
        let is_video = raw.codec_type == ffi::AVMediaType::AVMEDIA_TYPE_VIDEO;
        let pixel = if is_video && raw.format >= 0 {
            std::mem::transmute::<i32, ffi::AVPixelFormat>(raw.format).into()
        } else {
            av::format::Pixel::None
        };
        let interlaced = !matches!(
            raw.field_order,
            ffi::AVFieldOrder::AV_FIELD_UNKNOWN | ffi::AVFieldOrder::AV_FIELD_PROGRESSIVE
        );
        Shape {
            width: raw.width,
            height: raw.height,
            profile: raw.profile,
            pixel,
            aspect: (raw.sample_aspect_ratio.num, raw.sample_aspect_ratio.den),
            interlaced,
            transfer: raw.color_trc.into(),
            primaries: raw.color_primaries.into(),
            space: raw.color_space.into(),
            full_range: raw.color_range == ffi::AVColorRange::AVCOL_RANGE_JPEG
                && pixel.descriptor().is_some_and(|it| it.name().starts_with("yuv4")),
            sample_rate: raw.sample_rate,
        }
    }
}

/// Lets the container choose the codec tag: the source's may mean nothing there.
pub(crate) fn clear_codec_tag(parameters: &mut av::codec::Parameters) {
    // SAFETY: a plain field of live parameters.
    unsafe { (*parameters.as_mut_ptr()).codec_tag = 0 };
}

/// The times of the index's keyframes, in the stream's time base, as far as the container has an index.
pub(crate) fn index_keyframes(stream: &av::format::stream::Stream<'_>) -> Vec<i64> {
    // SAFETY: the stream lives; entries are read one by one within the count just given.
    unsafe {
        let raw = stream.as_ptr().cast_mut();
        let count = ffi::avformat_index_get_entries_count(raw);
        (0..count)
            .filter_map(|place| ffi::avformat_index_get_entry(raw, place).as_ref())
            .filter(|entry| entry.flags() & ffi::AVINDEX_KEYFRAME != 0)
            .map(|entry| entry.timestamp)
            .collect()
    }
}

/// Gives a frame to a filter's source and keeps it (`AV_BUFFERSRC_FLAG_KEEP_REF`, whose type differs by version).
pub(crate) fn feed(source: &mut av::filter::Context, frame: &av::Frame) -> Result<(), av::Error> {
    const KEEP_REF: i32 = 8;
    // SAFETY: source and frame live; with KEEP_REF the frame stays ours.
    let code = unsafe {
        ffi::av_buffersrc_add_frame_flags(source.as_mut_ptr(), frame.as_ptr().cast_mut(), KEEP_REF)
    };
    if code < 0 { Err(av::Error::from(code)) } else { Ok(()) }
}

/// The best guess of when a decoded frame is shown, in the stream's time base.
pub(crate) fn best_time(frame: &av::Frame) -> Option<i64> {
    frame.timestamp().or_else(|| frame.pts())
}

/// Sets the quality an encoder of single pictures gives a frame, in libav's lambda units.
pub(crate) fn set_quality(frame: &mut av::Frame, lambda: usize) {
    // SAFETY: a plain field of a live frame.
    unsafe { (*frame.as_mut_ptr()).quality = i32::try_from(lambda).unwrap_or(0) };
}

/// The most threads a filter graph uses.
pub(crate) fn limit_graph(graph: &mut av::filter::Graph, threads: u32) {
    // SAFETY: a plain field of a live graph, set before it is configured.
    unsafe { (*graph.as_mut_ptr()).nb_threads = i32::try_from(threads).unwrap_or(0) };
}

/// A C string, or an error that names no path.
pub(crate) fn is_plain(path: &std::path::Path) -> bool {
    path.to_str().is_some_and(|text| CString::new(text).is_ok())
}
