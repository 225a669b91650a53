//! Packing the source's own streams, at the speed of the disk.

use std::path::Path;

use ffmpeg_next as av;
use kinora_order::{Copyable, Outcome, Refusal};

use crate::fault::Trouble;
use crate::report::{Pace, Report};
use crate::segment::{Segmenter, Track, Tracks, us};
use crate::{done, input, probe, scratch};

/// The most that sound may begin before the picture and stay: an AAC encoder's priming.
const PRIMING_US: i64 = 60_000;

/// Packs a source's H.264 and AAC into segments.
pub(crate) fn remux(
    path: &Path,
    scratch: &Path,
    rung: &str,
    report: &Report,
) -> Result<Outcome, Trouble> {
    let mut input = input::media(path)?;
    let facts = probe::facts(&input);
    if let Copyable::No { reason } = &facts.copyable {
        return Err(Trouble::refused(Refusal::NotCopyable, reason));
    }
    let (origin, total_us) = (probe::origin_us(&input), facts.duration_us);
    let picture =
        probe::picture_stream(&input).map(|it| (it.index(), it.parameters(), it.time_base()));
    let Some((picture_index, parameters, picture_base)) = picture else {
        return Err(Trouble::refused(Refusal::NotCopyable, "no moving picture"));
    };
    let sound = probe::sound_stream(&input).map(|it| (it.index(), it.parameters(), it.time_base()));
    let shown = facts.picture.as_ref();
    let tracks = Tracks {
        picture: Some((parameters, picture_base)),
        sound: sound.as_ref().map(|(_, parameters, base)| (parameters.clone(), *base)),
        width: shown.map_or(0, |it| it.width),
        height: shown.map_or(0, |it| it.height),
        fps_milli: shown.map_or(0, |it| it.fps_milli),
    };
    let mut segmenter = Segmenter::new(report, rung, scratch::folder(scratch, rung)?, tracks, &[])?;
    let (mut pace, mut damaged, mut last_key_us) = (Pace::default(), false, None);
    loop {
        let mut packet = av::Packet::empty();
        match packet.read(&mut input) {
            Ok(()) => {}
            Err(av::Error::Eof) => break,
            // The tail is damaged: what was read stays.
            Err(_) => {
                damaged = true;
                break;
            }
        }
        damaged |= packet.is_corrupt();
        let (track, base) = match (packet.stream(), &sound) {
            (index, _) if index == picture_index => (Track::Picture, picture_base),
            (index, Some((wanted, _, base))) if index == *wanted => (Track::Sound, *base),
            _ => continue,
        };
        let shift = |time: i64| time - av::Rescale::rescale(&origin, crate::segment::US, base);
        packet.set_pts(packet.pts().map(shift));
        packet.set_dts(packet.dts().map(shift));
        let at_us = us(packet.pts().or(packet.dts()).unwrap_or(0), base);
        match track {
            // Looked at with every packet: what waits for the next keyframe is kept in memory.
            Track::Picture
                if last_key_us.is_some_and(|last| at_us - last > probe::keyframe_gap_max()) =>
            {
                return Err(Trouble::refused(
                    Refusal::NotCopyable,
                    "keyframes are more than 10 s apart",
                ));
            }
            Track::Picture if packet.is_key() => last_key_us = Some(at_us),
            // Nothing can be shown before the first keyframe.
            Track::Picture if last_key_us.is_none() => continue,
            Track::Sound if at_us < -PRIMING_US => continue,
            _ => {}
        }
        segmenter.push(track, packet)?;
        pace.step(
            report,
            [segmenter.rung().to_owned()].iter().map(String::as_str),
            u64::try_from(at_us).unwrap_or(0),
            total_us,
        );
    }
    if last_key_us.is_none() {
        return Err(Trouble::refused(Refusal::NotCopyable, "there is no keyframe"));
    }
    segmenter.finish()?;
    Ok(done(damaged))
}
