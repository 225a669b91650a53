//! Cutting packets into segments: fragmented MP4 (CMAF, ISO/IEC 23000-19), one fragment a segment, named by hash.

use std::collections::VecDeque;
use std::path::PathBuf;

use ffmpeg_next as av;
use ffmpeg_next::Rational;
use ffmpeg_next::format::context::Output;
use kinora_order::{Init, Progress, Refusal, SEGMENT_US, Segment};

use crate::fault::Trouble;
use crate::libav::{self, Sink};
use crate::report::Report;
use crate::{mp4, scratch};

/// Microseconds.
pub(crate) const US: Rational = Rational(1, 1_000_000);

/// Bytes that wait for the other stream before a segment is cut without it: badly interleaved files must not fill the
/// memory.
const WAITING_BYTES_MAX: usize = 256 << 20;

/// A packet may begin this much before its segment's time without belonging to the one before: time bases round.
const SLACK_US: i64 = 2_000;

/// Whether packets are a picture or sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Track {
    /// The moving picture.
    Picture,
    /// The sound.
    Sound,
}

/// What a rendition consists of.
#[derive(Default)]
pub(crate) struct Tracks {
    /// Parameters and time base of the picture's packets.
    pub(crate) picture: Option<(av::codec::Parameters, Rational)>,
    /// Parameters and time base of the sound's packets.
    pub(crate) sound: Option<(av::codec::Parameters, Rational)>,
    /// Width as displayed.
    pub(crate) width: u32,
    /// Height as displayed.
    pub(crate) height: u32,
    /// Pictures a second, in thousandths.
    pub(crate) fps_milli: u32,
}

/// Packs one rendition.
pub(crate) struct Segmenter<'a> {
    report: &'a Report,
    rung: String,
    folder: PathBuf,
    output: Output,
    sink: Sink,
    /// Time bases that packets come in and that the muxer wants, by track.
    picture: Option<Lane>,
    sound: Option<Lane>,
    /// When segments are to begin; once used up, every [`SEGMENT_US`].
    cuts_us: VecDeque<i64>,
    described: Option<Tracks>,
    start_us: i64,
    end_us: i64,
    made: u32,
}

/// Packets of one track that wait for their segment to be whole.
struct Lane {
    index: usize,
    from: Rational,
    to: Rational,
    waiting: VecDeque<av::Packet>,
    bytes: usize,
    ended: bool,
}

impl Lane {
    fn time_us(&self, packet: &av::Packet) -> i64 {
        us(packet.pts().or(packet.dts()).unwrap_or(0), self.from)
    }

    fn push(&mut self, packet: av::Packet) {
        self.bytes = self.bytes.saturating_add(packet.size());
        self.waiting.push_back(packet);
    }

    fn pop(&mut self) -> Option<av::Packet> {
        let packet = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(packet.size());
        Some(packet)
    }
}

/// A time in a time base as microseconds.
pub(crate) fn us(time: i64, base: Rational) -> i64 {
    av::Rescale::rescale(&time, base, US)
}

impl<'a> Segmenter<'a> {
    /// Begins a rendition in `folder`. With `cuts_us` segments begin there, else at the first keyframe after
    /// [`SEGMENT_US`].
    pub(crate) fn new(
        report: &'a Report,
        rung: &str,
        folder: PathBuf,
        tracks: Tracks,
        cuts_us: &[u64],
    ) -> Result<Self, Trouble> {
        let sink = Sink::default();
        let mut output = libav::mux_to(sink.clone(), "mp4")?;
        let mut lane = |tracks: &Option<(av::codec::Parameters, Rational)>| -> Result<_, Trouble> {
            let Some((parameters, from)) = tracks else { return Ok(None) };
            let mut stream = output.add_stream(None::<av::Codec>)?;
            let mut parameters = parameters.clone();
            libav::clear_codec_tag(&mut parameters);
            stream.set_parameters(parameters);
            stream.set_time_base(*from);
            Ok(Some(Lane {
                index: stream.index(),
                from: *from,
                to: *from,
                waiting: VecDeque::new(),
                bytes: 0,
                ended: false,
            }))
        };
        let (mut picture, mut sound) = (lane(&tracks.picture)?, lane(&tracks.sound)?);
        let mut options = av::Dictionary::new();
        options.set("movflags", "frag_custom+delay_moov+default_base_moof");
        let unused = output.write_header_with(options)?;
        if let Some((key, _)) = unused.iter().next() {
            return Err(Trouble::failed(
                kinora_order::Fault::Libav,
                format!("the muxer knows no {key}"),
            ));
        }
        drop(unused);
        for lane in [&mut picture, &mut sound].into_iter().flatten() {
            lane.to = output.stream(lane.index).map_or(lane.from, |stream| stream.time_base());
        }
        let cut = |time: &u64| i64::try_from(*time).unwrap_or(i64::MAX);
        Ok(Self {
            report,
            rung: rung.to_owned(),
            folder,
            output,
            sink,
            picture,
            sound,
            cuts_us: cuts_us.iter().map(cut).filter(|time| *time > 0).collect(),
            described: Some(tracks),
            start_us: 0,
            end_us: 0,
            made: 0,
        })
    }

    /// The rung's name.
    pub(crate) fn rung(&self) -> &str {
        &self.rung
    }

    /// Takes a packet; its times count from the start of the video.
    pub(crate) fn push(&mut self, track: Track, packet: av::Packet) -> Result<(), Trouble> {
        let lane = match track {
            Track::Picture => self.picture.as_mut(),
            Track::Sound => self.sound.as_mut(),
        };
        let Some(lane) = lane else { return Ok(()) };
        lane.push(packet);
        self.cut_if_whole()?;
        if self.waiting_bytes() > 2 * WAITING_BYTES_MAX {
            let detail = "One segment would be larger than anyone can play.";
            return Err(Trouble::refused(Refusal::TooLarge, detail));
        }
        Ok(())
    }

    /// Says that no more packets of a track come.
    pub(crate) fn end(&mut self, track: Track) -> Result<(), Trouble> {
        match track {
            Track::Picture => self.picture.as_mut(),
            Track::Sound => self.sound.as_mut(),
        }
        .into_iter()
        .for_each(|lane| lane.ended = true);
        self.cut_if_whole()
    }

    /// Packs what is left; how many segments there are and how long they last, in microseconds.
    pub(crate) fn finish(mut self) -> Result<(u32, u64), Trouble> {
        for track in [Track::Picture, Track::Sound] {
            self.end(track)?;
        }
        let waiting =
            |lane: &Option<Lane>| lane.as_ref().is_some_and(|lane| !lane.waiting.is_empty());
        if waiting(&self.picture) || waiting(&self.sound) {
            self.pack(i64::MAX)?;
        }
        let duration_us = u64::try_from(self.end_us).unwrap_or(0);
        self.report.line(&Progress::RungDone { rung: self.rung, segments: self.made, duration_us });
        Ok((self.made, duration_us))
    }

    /// When the next segment may begin at the earliest.
    fn next_cut(&self) -> i64 {
        let regular = self.start_us + i64::try_from(SEGMENT_US).unwrap_or(i64::MAX);
        self.cuts_us.front().copied().unwrap_or(regular)
    }

    /// Packs segments as long as the packets of all tracks reach beyond the next cut.
    fn cut_if_whole(&mut self) -> Result<(), Trouble> {
        while let Some(at) = self.find_cut() {
            if !self.sound_reaches(at) && self.waiting_bytes() < WAITING_BYTES_MAX {
                return Ok(());
            }
            self.pack(at)?;
            while self.cuts_us.front().is_some_and(|cut| *cut <= at + SLACK_US) {
                self.cuts_us.pop_front();
            }
        }
        Ok(())
    }

    fn waiting_bytes(&self) -> usize {
        [&self.picture, &self.sound].into_iter().flatten().map(|lane| lane.bytes).sum()
    }

    /// When the waiting packets allow the next segment to begin: at a keyframe of the picture, or at any packet of sound
    /// alone.
    fn find_cut(&self) -> Option<i64> {
        let lane = self.picture.as_ref().or(self.sound.as_ref())?;
        let earliest = self.next_cut() - SLACK_US;
        let begins = |packet: &&av::Packet| {
            lane.time_us(packet) >= earliest && (self.picture.is_none() || packet.is_key())
        };
        lane.waiting.iter().skip(1).find(begins).map(|packet| lane.time_us(packet))
    }

    fn sound_reaches(&self, at: i64) -> bool {
        let reaches = |lane: &Lane| {
            lane.ended || lane.waiting.back().is_some_and(|packet| lane.time_us(packet) >= at)
        };
        self.sound.as_ref().is_none_or(reaches)
    }

    /// Packs all packets before `until` as one segment.
    fn pack(&mut self, until: i64) -> Result<(), Trouble> {
        let mut end_us = self.end_us;
        let mut is_picture = true;
        for lane in [self.picture.as_mut(), self.sound.as_mut()] {
            let Some(lane) = lane else {
                is_picture = false;
                continue;
            };
            loop {
                // A picture's packets come in decoding order: those behind the keyframe belong to it.
                let stops = lane.waiting.front().is_none_or(|packet| {
                    let time = lane.time_us(packet);
                    if is_picture { packet.is_key() && time >= until } else { time >= until }
                });
                if stops {
                    break;
                }
                let Some(mut packet) = lane.pop() else { break };
                let end = lane.time_us(&packet) + us(packet.duration(), lane.from);
                if is_picture
                    || self.described.as_ref().is_none_or(|tracks| tracks.picture.is_none())
                {
                    end_us = end_us.max(end);
                }
                packet.set_stream(lane.index);
                packet.rescale_ts(lane.from, lane.to);
                packet.set_position(-1);
                libav::write_packet(&mut self.output, &packet)?;
            }
            is_picture = false;
        }
        if self.made == 0 {
            self.write_init()?;
        }
        libav::flush_fragment(&mut self.output)?;
        let written = scratch::write(&self.folder, "m4s", &self.sink.take())?;
        let end_us = if until == i64::MAX { end_us } else { until };
        self.report.line(&Progress::Segment(Segment {
            rung: self.rung.clone(),
            index: self.made,
            path: written.path,
            sha256: written.sha256,
            bytes: written.bytes,
            start_us: u64::try_from(self.start_us).unwrap_or(0),
            duration_us: u64::try_from(end_us - self.start_us).unwrap_or(0),
        }));
        self.made += 1;
        self.start_us = end_us;
        self.end_us = end_us;
        Ok(())
    }

    /// The first flush writes the index alone, since `delay_moov` waits for the first packets.
    fn write_init(&mut self) -> Result<(), Trouble> {
        libav::flush_fragment(&mut self.output)?;
        let bytes = self.sink.take();
        let Some(tracks) = &self.described else { return Ok(()) };
        let codecs = [
            tracks
                .picture
                .as_ref()
                .map(|(parameters, _)| mp4::h264_codec(&libav::extradata(parameters))),
            tracks.sound.as_ref().map(|_| mp4::AAC_CODEC.to_owned()),
        ];
        let written = scratch::write(&self.folder, "mp4", &bytes)?;
        self.report.line(&Progress::Init(Init {
            rung: self.rung.clone(),
            path: written.path,
            sha256: written.sha256,
            bytes: written.bytes,
            codecs: codecs.into_iter().flatten().collect::<Vec<_>>().join(","),
            width: tracks.width,
            height: tracks.height,
            fps_milli: tracks.fps_milli,
            has_audio: tracks.sound.is_some(),
        }));
        Ok(())
    }
}
