//! One decode that feeds every rung, the thumbnails and the storyboard.

use ffmpeg_next as av;
use ffmpeg_next::format::context::Input;
use kinora_order::{Encode, Fault, Outcome, Refusal};

use crate::audio::{Sound, Sounded};
use crate::decode::PictureDecoder;
use crate::fault::Trouble;
use crate::report::{Pace, Report};
use crate::rung::{self, FrameSource, RungEncoder};
use crate::segment::{Segmenter, Track, Tracks, us};
use crate::storyboard::Board;
use crate::thumbnail::{self, Picker};
use crate::{done, input, libav, probe, scratch};

/// Sound may go on this much after the picture, in microseconds, without the last picture standing longer.
const TAIL_US: i64 = 1_000_000;

/// A rung under way.
struct Made<'a> {
    encoder: Option<RungEncoder>,
    segmenter: Segmenter<'a>,
    audio_bps: u64,
}

/// Encodes what is ordered.
pub(crate) fn encode(order: &Encode, threads: u32, report: &Report) -> Result<Outcome, Trouble> {
    let mut input = input::media(&order.input)?;
    let facts = probe::facts(&input);
    let shown = facts.picture.as_ref().map_or((0, 0), |it| (it.width, it.height));
    let total_us = facts.duration_us;
    if facts.picture.is_none() {
        cover_thumbnails(order, &mut input, report)?;
    }
    let picture_index = probe::picture_stream(&input).map(|stream| stream.index());
    let targets = thumbnail::targets(order.thumbnails, total_us);
    let folder = scratch::folder(&order.scratch, "pictures")?;
    let picker =
        Picker::new(report, folder.clone(), &order.thumbnail_sizes, shown, targets.clone());
    if order.rungs.is_empty() && order.storyboard.is_none() {
        if let Some(index) = picture_index {
            pictures_alone(&mut input, index, threads, picker, &targets)?;
        }
        return Ok(done(false));
    }

    let rates: Vec<_> = order.rungs.iter().map(|rung| rung.audio_bps).collect();
    let sound = Sound::open(&input, &rates)?;
    let fps_most = order
        .rungs
        .iter()
        .filter_map(|rung| rung.picture.as_ref())
        .map(|it| it.fps_milli_max)
        .max();
    let source_fps = facts.picture.as_ref().map_or(25_000, |it| it.fps_milli);
    let fps_milli = source_fps.min(fps_most.unwrap_or(source_fps));
    let decoder = picture_index
        .map(|index| PictureDecoder::open(&input, index, Some(rung::rate(fps_milli)), threads))
        .transpose()?;
    if decoder.is_none() && sound.is_none() {
        return Err(Trouble::refused(
            Refusal::NoStreams,
            "There is neither picture nor sound in the file.",
        ));
    }
    let source = probe::picture_stream(&input).map(|stream| FrameSource {
        fps_milli,
        colours: probe::colours(&libav::shape(&stream.parameters())),
    });
    let rungs = order
        .rungs
        .iter()
        .map(|wanted| open_rung(order, wanted, source.as_ref(), sound.as_ref(), threads, report));
    let rungs = rungs.collect::<Result<Vec<_>, _>>()?;
    let board = order.storyboard.as_ref().filter(|_| decoder.is_some());
    let board = board.map(|wanted| Board::new(report, folder, wanted, shown, total_us));
    let work = Work {
        rungs,
        picker,
        board,
        pace: Pace::default(),
        report,
        total_us,
        frames: 0,
        shown_us: 0,
    };
    work.run(&mut input, decoder, sound)
}

fn open_rung<'a>(
    order: &Encode,
    wanted: &kinora_order::Rung,
    source: Option<&FrameSource>,
    sound: Option<&Sound>,
    threads: u32,
    report: &'a Report,
) -> Result<Made<'a>, Trouble> {
    let encoder = match (&wanted.picture, source) {
        (Some(picture), Some(source)) => {
            Some(RungEncoder::open(picture, source, &order.cuts_us, threads)?)
        }
        (Some(_), None) => {
            return Err(Trouble::failed(
                Fault::BadRequest,
                "a picture is ordered of a source without one",
            ));
        }
        (None, _) => None,
    };
    let tracks = Tracks {
        picture: encoder.as_ref().map(RungEncoder::stream),
        sound: sound.and_then(|sound| sound.stream(wanted.audio_bps)),
        width: wanted.picture.as_ref().map_or(0, |it| it.width),
        height: wanted.picture.as_ref().map_or(0, |it| it.height),
        fps_milli: encoder.as_ref().map_or(0, RungEncoder::fps_milli),
    };
    let folder = scratch::folder(&order.scratch, &wanted.name)?;
    let segmenter = Segmenter::new(report, &wanted.name, folder, tracks, &order.cuts_us)?;
    Ok(Made { encoder, segmenter, audio_bps: wanted.audio_bps })
}

/// Everything that frames and packets go to.
struct Work<'a> {
    rungs: Vec<Made<'a>>,
    picker: Picker<'a>,
    board: Option<Board<'a>>,
    pace: Pace,
    report: &'a Report,
    total_us: u64,
    frames: u64,
    /// When the last frame begins, in microseconds.
    shown_us: i64,
}

impl Work<'_> {
    fn run(
        mut self,
        input: &mut Input,
        mut decoder: Option<PictureDecoder>,
        mut sound: Option<Sound>,
    ) -> Result<Outcome, Trouble> {
        let mut damaged = false;
        loop {
            let mut packet = av::Packet::empty();
            match packet.read(input) {
                Ok(()) => {}
                Err(av::Error::Eof) => break,
                // The tail is damaged: what was read stays.
                Err(_) => {
                    damaged = true;
                    break;
                }
            }
            match (&mut decoder, &mut sound) {
                (Some(decoder), _) if decoder.index == packet.stream() => {
                    decoder.decode(Some(&packet), &mut |frame| self.frame(frame))?;
                }
                (_, Some(sound)) if sound.index == packet.stream() => {
                    self.sound(sound, Some(&packet))?
                }
                _ => {}
            }
        }
        // A track that ends before the other goes on: the last picture stands, or there is silence.
        if let Some(decoder) = &mut decoder {
            let end_us = sound.as_ref().map_or(0, Sound::end_us);
            // An encoder's last packet of sound always reaches a little beyond.
            let end_us = if end_us - self.shown_us > TAIL_US { end_us } else { 0 };
            decoder.finish(end_us, &mut |frame| self.frame(frame))?;
            damaged |= decoder.damaged;
        }
        if let Some(sound) = &mut sound {
            let mut silence = Vec::new();
            sound.pad(self.shown_us, &mut silence)?;
            self.deal(silence)?;
            self.sound(sound, None)?;
            damaged |= sound.damaged;
        }
        if decoder.is_some() && self.frames == 0 {
            return Err(Trouble::refused(
                Refusal::Truncated,
                "No picture of the file can be decoded.",
            ));
        }
        self.finish()?;
        Ok(done(damaged))
    }

    fn frame(&mut self, frame: &av::frame::Video) -> Result<(), Trouble> {
        self.frames += 1;
        self.shown_us = frame.pts().unwrap_or(self.shown_us);
        self.picker.see(frame)?;
        if let Some(board) = &mut self.board {
            board.see(frame)?;
        }
        for rung in &mut self.rungs {
            let mut packets = Vec::new();
            if let Some(encoder) = &mut rung.encoder {
                encoder.encode(frame, &mut packets)?;
            }
            for packet in packets {
                rung.segmenter.push(Track::Picture, packet)?;
            }
        }
        self.pace(frame.pts().unwrap_or(0));
        Ok(())
    }

    fn sound(&mut self, sound: &mut Sound, packet: Option<&av::Packet>) -> Result<(), Trouble> {
        let mut made: Vec<Sounded> = Vec::new();
        sound.decode(packet, &mut made)?;
        self.deal(made)
    }

    fn deal(&mut self, made: Vec<Sounded>) -> Result<(), Trouble> {
        for Sounded { bps, packet } in made {
            if self.rungs.iter().all(|rung| rung.encoder.is_none()) {
                self.pace(us(packet.pts().unwrap_or(0), av::Rational(1, 48_000)));
            }
            for rung in self.rungs.iter_mut().filter(|rung| rung.audio_bps == bps) {
                rung.segmenter.push(Track::Sound, packet.clone())?;
            }
        }
        Ok(())
    }

    fn pace(&mut self, at_us: i64) {
        let names = self.rungs.iter().map(|rung| rung.segmenter.rung());
        self.pace.step(self.report, names, u64::try_from(at_us).unwrap_or(0), self.total_us);
    }

    fn finish(mut self) -> Result<(), Trouble> {
        self.picker.finish()?;
        if let Some(board) = self.board.take() {
            board.finish()?;
        }
        for mut rung in self.rungs {
            rung.segmenter.end(Track::Sound)?;
            let mut packets = Vec::new();
            if let Some(encoder) = &mut rung.encoder {
                encoder.finish(&mut packets)?;
            }
            for packet in packets {
                rung.segmenter.push(Track::Picture, packet)?;
            }
            rung.segmenter.finish()?;
        }
        Ok(())
    }
}

/// Thumbnails without decoding the whole: a look at each target.
fn pictures_alone(
    input: &mut Input,
    index: usize,
    threads: u32,
    mut picker: Picker<'_>,
    targets: &[i64],
) -> Result<(), Trouble> {
    let origin = probe::origin_us(input);
    let mut decoder = PictureDecoder::open(input, index, None, threads)?;
    for target in targets {
        let at = target + origin;
        // A file that cannot be sought in gives its first picture.
        let _sought = input.seek(at, ..at);
        decoder.restart();
        let (mut seen, mut packets) = (0_u32, 0_u32);
        while seen < 2 && packets < 2_000 {
            let mut packet = av::Packet::empty();
            if packet.read(input).is_err() {
                break;
            }
            if packet.stream() != index {
                continue;
            }
            packets += 1;
            decoder.decode(Some(&packet), &mut |frame| {
                let mut frame = frame.clone();
                let at = frame.pts().unwrap_or(0);
                frame.set_pts(Some(at.max(*target)));
                seen += 1;
                picker.see(&frame)
            })?;
        }
        picker.take()?;
    }
    Ok(())
}

/// Thumbnails of sound alone: its cover.
fn cover_thumbnails(order: &Encode, input: &mut Input, report: &Report) -> Result<(), Trouble> {
    let Some((index, parameters)) =
        probe::cover_stream(input).map(|it| (it.index(), it.parameters()))
    else {
        return Ok(());
    };
    let shape = libav::shape(&parameters);
    let shown = probe::displayed(&shape, 0);
    let folder = scratch::folder(&order.scratch, "pictures")?;
    let mut picker = Picker::new(report, folder, &order.thumbnail_sizes, shown, vec![0]);
    let mut decoder = av::codec::Context::from_parameters(parameters)?.decoder().video()?;
    let mut packet = av::Packet::empty();
    while packet.read(input).is_ok() {
        if packet.stream() == index {
            let mut frame = av::frame::Video::empty();
            let sent = decoder.send_packet(&packet).and_then(|()| decoder.send_eof());
            if sent.and_then(|()| decoder.receive_frame(&mut frame)).is_ok() {
                frame.set_pts(Some(0));
                picker.see(&frame)?;
                picker.finish()?;
            }
            break;
        }
    }
    input.seek(0, ..).or(Ok(()))
}
