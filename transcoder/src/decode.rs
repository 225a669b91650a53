//! From packets to frames: upright, progressive, in standard range, at an even rate, timed from the start of the video.

use ffmpeg_next as av;
use ffmpeg_next::format::context::Input;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Rational, filter};

use crate::fault::Trouble;
use crate::segment::US;
use crate::{libav, probe};

/// A decoder of the moving picture and the filters behind it.
pub(crate) struct PictureDecoder {
    /// Which packets it takes.
    pub(crate) index: usize,
    decoder: av::decoder::Video,
    base: Rational,
    origin_us: i64,
    filters: String,
    threads: u32,
    step_us: i64,
    end_us: i64,
    graph: Option<Filters>,
    /// True once a packet could not be decoded.
    pub(crate) damaged: bool,
}

/// A configured graph, and the frames it was configured for.
struct Filters {
    graph: filter::Graph,
    shape: (av::format::Pixel, u32, u32),
    /// When the last frame that went in began, and how long the one before it lasted, in microseconds.
    last_us: i64,
    step_us: i64,
}

impl PictureDecoder {
    /// Opens a decoder; with a rate, frames come at exactly that rate.
    pub(crate) fn open(
        input: &Input,
        index: usize,
        rate: Option<Rational>,
        threads: u32,
    ) -> Result<Self, Trouble> {
        let Some(stream) = input.stream(index) else {
            return Err(av::Error::StreamNotFound.into());
        };
        let mut context = av::codec::Context::from_parameters(stream.parameters())?;
        context.set_threading(av::threading::Config {
            kind: av::threading::Type::Frame,
            count: usize::try_from(threads).unwrap_or(0),
            ..Default::default()
        });
        let mut decoder = context.decoder();
        decoder.set_packet_time_base(stream.time_base());
        let shape = libav::shape(&stream.parameters());
        let mut filters = Vec::new();
        if shape.full_range {
            filters.push("scale=in_range=full:out_range=limited".to_owned());
        }
        if shape.interlaced {
            filters.push("yadif=deint=interlaced".to_owned());
        }
        if let Some(Rational(num, den)) = rate {
            filters.push(format!("fps=fps={num}/{den}:start_time=0"));
        }
        if probe::is_hdr(&shape) {
            filters.push(
                "zscale=transfer=linear:npl=100,format=gbrpf32le,zscale=primaries=bt709,tonemap=tonemap=hable:desat=0,\
                 zscale=transfer=bt709:matrix=bt709:range=tv,format=yuv420p"
                    .to_owned(),
            );
        }
        match probe::rotation(&stream) {
            90 => filters.push("transpose=clock".to_owned()),
            180 => filters.push("hflip,vflip".to_owned()),
            270 => filters.push("transpose=cclock".to_owned()),
            _ => {}
        }
        if filters.is_empty() {
            filters.push("null".to_owned());
        }
        Ok(Self {
            index,
            decoder: decoder.video()?,
            base: stream.time_base(),
            origin_us: probe::origin_us(input),
            filters: filters.join(","),
            threads,
            step_us: 1_000_000_000 / i64::from(probe::fps_milli(&stream).max(1)),
            end_us: 0,
            graph: None,
            damaged: false,
        })
    }

    /// Ends: the last frame stands at least until `end_us`, so that sound that goes on has a picture.
    pub(crate) fn finish(
        &mut self,
        end_us: i64,
        each: &mut impl FnMut(&Video) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        self.end_us = end_us;
        self.decode(None, each)
    }

    /// Takes a packet, `None` at the end; hands each frame that is ready, timed in microseconds, to `each`.
    pub(crate) fn decode(
        &mut self,
        packet: Option<&av::Packet>,
        each: &mut impl FnMut(&Video) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let sent = match packet {
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
        // A packet that cannot be decoded costs itself, not the video.
        self.damaged |= sent.is_err_and(|error| error != av::Error::Eof);
        let mut frame = Video::empty();
        loop {
            match self.decoder.receive_frame(&mut frame) {
                Ok(()) => {
                    let Some(at) = libav::best_time(&frame) else { continue };
                    self.damaged |= frame.is_corrupt() || frame.has_decode_errors();
                    frame.set_pts(Some(av::Rescale::rescale(&at, self.base, US) - self.origin_us));
                    frame.set_kind(av::picture::Type::None);
                    self.filter(&frame, each)?;
                }
                Err(av::Error::Other { errno }) if errno == av::util::error::EAGAIN => break,
                Err(av::Error::Eof) => break,
                Err(_) => {
                    self.damaged = true;
                    break;
                }
            }
        }
        if packet.is_none() {
            self.drain(each)?;
        }
        Ok(())
    }

    /// Forgets what was decoded, after a seek.
    pub(crate) fn restart(&mut self) {
        self.decoder.flush();
        self.graph = None;
    }

    fn filter(
        &mut self,
        frame: &Video,
        each: &mut impl FnMut(&Video) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let shape = (frame.format(), frame.width(), frame.height());
        if self.graph.as_ref().is_some_and(|filters| filters.shape != shape) {
            self.drain(each)?;
        }
        let graph = match self.graph.take() {
            Some(filters) => self.graph.insert(filters),
            None => {
                let graph = configure(frame, &self.filters, self.threads)?;
                let (last_us, step_us) = (frame.pts().unwrap_or(0), self.step_us);
                self.graph.insert(Filters { graph, shape, last_us, step_us })
            }
        };
        let at = frame.pts().unwrap_or(graph.last_us);
        if at > graph.last_us {
            (graph.step_us, graph.last_us) = (at - graph.last_us, at);
        }
        if let Some(mut source) = graph.graph.get("in") {
            libav::feed(&mut source, frame)?;
        }
        pull(&mut graph.graph, each)
    }

    fn drain(
        &mut self,
        each: &mut impl FnMut(&Video) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let Some(mut filters) = self.graph.take() else { return Ok(()) };
        if let Some(mut source) = filters.graph.get("in") {
            // The end is told, or the last frame would be taken to last no time and be left out.
            source.source().close((filters.last_us + filters.step_us).max(self.end_us))?;
        }
        pull(&mut filters.graph, each)
    }
}

fn configure(frame: &Video, filters: &str, threads: u32) -> Result<filter::Graph, Trouble> {
    let mut graph = filter::Graph::new();
    libav::limit_graph(&mut graph, threads);
    let format = frame.format().descriptor().map_or("yuv420p", |it| it.name());
    let arguments = format!(
        "video_size={}x{}:pix_fmt={format}:time_base=1/1000000:pixel_aspect=1/1",
        frame.width(),
        frame.height(),
    );
    let named = |name| filter::find(name).ok_or(av::Error::FilterNotFound);
    graph.add(&named("buffer")?, "in", &arguments)?;
    graph.add(&named("buffersink")?, "out", "")?;
    // Microseconds come out as they went in, whatever a filter counts in.
    graph.output("in", 0)?.input("out", 0)?.parse(&format!("{filters},settb=1/1000000"))?;
    graph.validate()?;
    Ok(graph)
}

fn pull(
    graph: &mut filter::Graph,
    each: &mut impl FnMut(&Video) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let Some(mut sink) = graph.get("out") else { return Ok(()) };
    let mut frame = Video::empty();
    while sink.sink().frame(&mut frame).is_ok() {
        each(&frame)?;
    }
    Ok(())
}
