//! Sound: decoded once, brought to 48 kHz mono or stereo from the start of the video on, encoded as AAC once a rate.

use ffmpeg_next as av;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::format::sample::{Sample, Type};
use ffmpeg_next::frame::Audio;
use ffmpeg_next::{ChannelLayout, Rational, filter};

use crate::fault::Trouble;
use crate::segment::{US, us};
use crate::{libav, probe};

/// Sound may end this much before the picture, in microseconds, without silence being added.
const SILENCE_US: i64 = 1_000_000;

/// Samples a second of all that is made.
const RATE: i32 = 48_000;

/// The decoder of the sound and an encoder for each rate wanted.
pub(crate) struct Sound {
    /// Which packets it takes.
    pub(crate) index: usize,
    decoder: av::decoder::Audio,
    base: Rational,
    origin_us: i64,
    layout: ChannelLayout,
    graph: Option<filter::Graph>,
    /// Format, rate and layout of what goes into the graph, and when it ended, in microseconds.
    heard: Option<(Sample, u32, ChannelLayout)>,
    heard_us: i64,
    encoders: Vec<(u64, av::encoder::Audio)>,
    /// True once a packet could not be decoded.
    pub(crate) damaged: bool,
}

/// A packet for all rungs that want this rate.
pub(crate) struct Sounded {
    /// Bits per second.
    pub(crate) bps: u64,
    /// The packet.
    pub(crate) packet: av::Packet,
}

impl Sound {
    /// Opens the first sound track, if there is one.
    pub(crate) fn open(input: &Input, rates_bps: &[u64]) -> Result<Option<Self>, Trouble> {
        let Some(stream) = probe::sound_stream(input) else { return Ok(None) };
        let mut decoder = av::codec::Context::from_parameters(stream.parameters())?.decoder();
        decoder.set_packet_time_base(stream.time_base());
        let decoder = decoder.audio()?;
        let layout =
            if decoder.channels() == 1 { ChannelLayout::MONO } else { ChannelLayout::STEREO };
        let mut rates: Vec<_> = rates_bps.to_vec();
        rates.sort_unstable();
        rates.dedup();
        let encoders = rates.into_iter().map(|bps| Ok((bps, encoder(bps, layout)?)));
        let encoders = encoders.collect::<Result<Vec<_>, Trouble>>()?;
        Ok(Some(Self {
            index: stream.index(),
            decoder,
            base: stream.time_base(),
            origin_us: probe::origin_us(input),
            layout,
            graph: None,
            heard: None,
            heard_us: 0,
            encoders,
            damaged: false,
        }))
    }

    /// Parameters and time base of the packets of a rate.
    pub(crate) fn stream(&self, bps: u64) -> Option<(av::codec::Parameters, Rational)> {
        let (_, encoder) = self.encoders.iter().find(|(known, _)| *known == bps)?;
        Some((av::codec::Parameters::from(&**encoder), Rational(1, RATE)))
    }

    /// When the last sound ends, in microseconds from the start of the video.
    pub(crate) fn end_us(&self) -> i64 {
        self.heard_us
    }

    /// Takes a packet, `None` at the end; what comes out is added to `made`.
    pub(crate) fn decode(
        &mut self,
        packet: Option<&av::Packet>,
        made: &mut Vec<Sounded>,
    ) -> Result<(), Trouble> {
        let sent = match packet {
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
        self.damaged |= sent.is_err_and(|error| error != av::Error::Eof);
        let mut frame = Audio::empty();
        loop {
            match self.decoder.receive_frame(&mut frame) {
                Ok(()) => self.filter(&mut frame, made)?,
                Err(av::Error::Other { errno }) if errno == av::util::error::EAGAIN => break,
                Err(av::Error::Eof) => break,
                Err(_) => {
                    self.damaged = true;
                    break;
                }
            }
        }
        if packet.is_none() {
            if let Some(mut source) = self.graph.as_mut().and_then(|graph| graph.get("in")) {
                source.source().flush()?;
            }
            self.pull(made)?;
            for (bps, encoder) in &mut self.encoders {
                encoder.send_eof()?;
                receive(*bps, encoder, made)?;
            }
        }
        Ok(())
    }

    /// Adds silence where the picture goes on after the sound, a second at a time: players stop where a track ends.
    pub(crate) fn pad(&mut self, end_us: i64, made: &mut Vec<Sounded>) -> Result<(), Trouble> {
        let Some((format, rate, layout)) = self.heard else { return Ok(()) };
        while end_us - self.heard_us > SILENCE_US {
            let mut frame = Audio::new(format, usize::try_from(rate).unwrap_or(48_000), layout);
            frame.set_rate(rate);
            for plane in 0..frame.planes() {
                frame.data_mut(plane).fill(0);
            }
            frame.set_pts(Some(av::Rescale::rescale(&self.heard_us, US, self.base)));
            self.heard_us += 1_000_000;
            self.feed(&frame, made)?;
        }
        Ok(())
    }

    fn filter(&mut self, frame: &mut Audio, made: &mut Vec<Sounded>) -> Result<(), Trouble> {
        if self.graph.is_none() {
            self.graph = Some(self.configure(frame)?);
        }
        let origin = av::Rescale::rescale(&self.origin_us, US, self.base);
        let at = libav::best_time(frame).map(|at| at - origin);
        frame.set_pts(at);
        self.heard = Some((frame.format(), frame.rate(), frame.channel_layout()));
        if let Some(at) = at {
            let samples = i64::try_from(frame.samples()).unwrap_or(0);
            let long_us = samples * 1_000_000 / i64::from(frame.rate().max(1));
            self.heard_us = self.heard_us.max(us(at, self.base) + long_us);
        }
        self.feed(frame, made)
    }

    fn feed(&mut self, frame: &Audio, made: &mut Vec<Sounded>) -> Result<(), Trouble> {
        if let Some(mut source) = self.graph.as_mut().and_then(|graph| graph.get("in")) {
            // A track that changes its layout midway is damaged from there on; what came before stays.
            self.damaged |= libav::feed(&mut source, frame).is_err();
        }
        self.pull(made)
    }

    fn configure(&self, frame: &Audio) -> Result<filter::Graph, Trouble> {
        let mut graph = filter::Graph::new();
        let known = frame.channel_layout();
        let layout =
            if known.bits() == 0 { ChannelLayout::default(frame.channels().into()) } else { known };
        let arguments = format!(
            "time_base={}/{}:sample_rate={}:sample_fmt={}:channel_layout=0x{:x}",
            self.base.0,
            self.base.1,
            frame.rate(),
            frame.format().name(),
            layout.bits(),
        );
        let named = |name| filter::find(name).ok_or(av::Error::FilterNotFound);
        graph.add(&named("abuffer")?, "in", &arguments)?;
        graph.add(&named("abuffersink")?, "out", "")?;
        // What is missing at the start or in the middle becomes silence, what is too early is cut: sound stays with the
        // picture.
        let spec = format!(
            "aresample={RATE}:async=1:first_pts=0,aformat=sample_fmts=fltp:sample_rates={RATE}:channel_layouts=0x{:x}",
            self.layout.bits(),
        );
        graph.output("in", 0)?.input("out", 0)?.parse(&spec)?;
        graph.validate()?;
        let samples = self.encoders.first().map_or(1_024, |(_, encoder)| encoder.frame_size());
        if let Some(mut sink) = graph.get("out") {
            sink.sink().set_frame_size(samples);
        }
        Ok(graph)
    }

    fn pull(&mut self, made: &mut Vec<Sounded>) -> Result<(), Trouble> {
        let Some(mut sink) = self.graph.as_mut().and_then(|graph| graph.get("out")) else {
            return Ok(());
        };
        let mut frame = Audio::empty();
        while sink.sink().frame(&mut frame).is_ok() {
            for (bps, encoder) in &mut self.encoders {
                encoder.send_frame(&frame)?;
                receive(*bps, encoder, made)?;
            }
        }
        Ok(())
    }
}

fn encoder(bps: u64, layout: ChannelLayout) -> Result<av::encoder::Audio, Trouble> {
    let codec = av::encoder::find(av::codec::Id::AAC).ok_or(av::Error::EncoderNotFound)?;
    let mut context = av::codec::Context::new_with_codec(codec);
    context.set_flags(av::codec::Flags::GLOBAL_HEADER | av::codec::Flags::BITEXACT);
    let mut encoder = context.encoder().audio()?;
    encoder.set_rate(RATE);
    encoder.set_channel_layout(layout);
    encoder.set_format(Sample::F32(Type::Planar));
    encoder.set_bit_rate(usize::try_from(bps).unwrap_or(128_000));
    encoder.set_time_base((1, RATE));
    Ok(encoder.open_as(codec)?)
}

fn receive(
    bps: u64,
    encoder: &mut av::encoder::Audio,
    made: &mut Vec<Sounded>,
) -> Result<(), Trouble> {
    loop {
        let mut packet = av::Packet::empty();
        match encoder.receive_packet(&mut packet) {
            Ok(()) => made.push(Sounded { bps, packet }),
            Err(av::Error::Eof) => return Ok(()),
            Err(av::Error::Other { errno }) if errno == av::util::error::EAGAIN => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
