//! One rung: frames in, scaled, encoded by x264, cut into segments.

use std::collections::VecDeque;

use ffmpeg_next as av;
use ffmpeg_next::Rational;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;
use kinora_order::{PictureRung, SEGMENT_US};

use crate::fault::Trouble;
use crate::libav;
use crate::segment::US;

/// A viewer can begin at any of these, in microseconds.
const KEYFRAME_US: i64 = 2_000_000;

/// The encoder of one rung.
pub(crate) struct RungEncoder {
    encoder: av::encoder::Video,
    scaler: Option<(Source, scaling::Context)>,
    size: (u32, u32),
    rate: Rational,
    last_index: i64,
    cuts_us: VecDeque<i64>,
    segment_us: i64,
    last_key_us: Option<i64>,
}

/// What the frames are like that all rungs get.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameSource {
    /// Pictures a second, in thousandths.
    pub(crate) fps_milli: u32,
    /// What their colours mean.
    pub(crate) colours: libav::Shape,
}

type Source = (Pixel, u32, u32);

/// A rate in thousandths as a fraction: 29.97 is 30000/1001.
pub(crate) fn rate(fps_milli: u32) -> Rational {
    let milli = i32::try_from(fps_milli).unwrap_or(30_000).max(1_000);
    match milli {
        23_976 => Rational(24_000, 1_001),
        29_970 => Rational(30_000, 1_001),
        59_940 => Rational(60_000, 1_001),
        whole if whole % 1_000 == 0 => Rational(whole / 1_000, 1),
        odd => Rational(odd, 1_000),
    }
}

impl RungEncoder {
    /// Opens x264 for a rung.
    pub(crate) fn open(
        rung: &PictureRung,
        source: &FrameSource,
        cuts_us: &[u64],
        threads: u32,
    ) -> Result<Self, Trouble> {
        let codec = av::encoder::find_by_name("libx264").ok_or(av::Error::EncoderNotFound)?;
        let mut context = av::codec::Context::new_with_codec(codec);
        context.set_flags(av::codec::Flags::GLOBAL_HEADER | av::codec::Flags::BITEXACT);
        context.set_threading(av::threading::Config::count(usize::try_from(threads).unwrap_or(0)));
        let rate = rate(source.fps_milli.min(rung.fps_milli_max));
        let mut encoder = context.encoder().video()?;
        encoder.set_width(rung.width);
        encoder.set_height(rung.height);
        encoder.set_format(Pixel::YUV420P);
        encoder.set_time_base(rate.invert());
        encoder.set_frame_rate(Some(rate));
        encoder.set_aspect_ratio((1, 1));
        encoder.set_colorspace(source.colours.space);
        encoder.set_color_primaries(source.colours.primaries);
        encoder.set_color_transfer_characteristic(source.colours.transfer);
        encoder.set_color_range(av::color::Range::MPEG);
        let frames = f64::from(rate) * 2.0;
        let mut options = av::Dictionary::new();
        options.set("preset", &rung.preset);
        options.set("profile", "high");
        options.set("crf", &rung.crf.to_string());
        options.set("maxrate", &rung.rate_bps_max.to_string());
        options.set("bufsize", &rung.buffer_bits.to_string());
        options.set("g", &format!("{:.0}", frames.ceil() + 1.0));
        options.set("sc_threshold", "0");
        options.set("forced-idr", "1");
        Ok(Self {
            encoder: encoder.open_with(options)?,
            scaler: None,
            size: (rung.width, rung.height),
            rate,
            last_index: -1,
            cuts_us: cuts_us.iter().filter_map(|cut| i64::try_from(*cut).ok()).collect(),
            segment_us: i64::try_from(SEGMENT_US).unwrap_or(4_000_000),
            last_key_us: None,
        })
    }

    /// Parameters and time base of its packets.
    pub(crate) fn stream(&self) -> (av::codec::Parameters, Rational) {
        (av::codec::Parameters::from(&*self.encoder), self.rate.invert())
    }

    /// Pictures a second, in thousandths.
    pub(crate) fn fps_milli(&self) -> u32 {
        let milli = i64::from(self.rate.0) * 1_000 / i64::from(self.rate.1.max(1));
        u32::try_from(milli).unwrap_or(0)
    }

    /// Takes a frame timed in microseconds; frames beyond the rung's rate are left out.
    pub(crate) fn encode(
        &mut self,
        frame: &Video,
        packets: &mut Vec<av::Packet>,
    ) -> Result<(), Trouble> {
        let at = frame.pts().unwrap_or(0);
        let index = av::Rescale::rescale(&at, US, self.rate.invert());
        if index <= self.last_index {
            return Ok(());
        }
        self.last_index = index;
        let mut scaled = self.scale(frame)?;
        scaled.set_pts(Some(index));
        let kind = if self.is_key(at) { av::picture::Type::I } else { av::picture::Type::None };
        scaled.set_kind(kind);
        self.encoder.send_frame(&scaled)?;
        self.receive(packets)
    }

    /// Takes the last packets out of the encoder.
    pub(crate) fn finish(&mut self, packets: &mut Vec<av::Packet>) -> Result<(), Trouble> {
        self.encoder.send_eof()?;
        self.receive(packets)
    }

    fn receive(&mut self, packets: &mut Vec<av::Packet>) -> Result<(), Trouble> {
        loop {
            let mut packet = av::Packet::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {
                    packet.set_duration(1);
                    packets.push(packet);
                }
                Err(av::Error::Eof) => return Ok(()),
                Err(av::Error::Other { errno }) if errno == av::util::error::EAGAIN => {
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A keyframe stands where a segment is to begin (to the nearest frame), and every two seconds between.
    fn is_key(&mut self, at: i64) -> bool {
        let half = i64::from(self.rate.1) * 500_000 / i64::from(self.rate.0.max(1));
        let next_cut = match (self.cuts_us.front(), self.last_key_us) {
            (_, None) => at,
            (Some(cut), _) => *cut,
            (None, Some(_)) => (at + half) / self.segment_us * self.segment_us,
        };
        let is_cut =
            at + half >= next_cut && self.last_key_us.is_none_or(|last| next_cut > last + half);
        while self.cuts_us.front().is_some_and(|cut| *cut <= at + half) {
            self.cuts_us.pop_front();
        }
        let is_due = self.last_key_us.is_some_and(|last| at + half >= last + KEYFRAME_US);
        if is_cut || is_due {
            self.last_key_us = Some(at);
        }
        is_cut || is_due
    }

    fn scale(&mut self, frame: &Video) -> Result<Video, Trouble> {
        let source = (frame.format(), frame.width(), frame.height());
        let kept = self.scaler.take().filter(|(known, _)| *known == source);
        let (_, scaler) = self.scaler.insert(match kept {
            Some(kept) => kept,
            None => {
                let (width, height) = self.size;
                let flags = scaling::Flags::BICUBIC;
                let scaler = scaling::Context::get(
                    source.0,
                    source.1,
                    source.2,
                    Pixel::YUV420P,
                    width,
                    height,
                    flags,
                )?;
                (source, scaler)
            }
        });
        let mut scaled = Video::empty();
        scaler.run(frame, &mut scaled)?;
        Ok(scaled)
    }
}
