//! The playlist of all renditions of a video.

use std::fmt::Write as _;

use kinora_model::rendition::{Rendition, RenditionState, Segment};

use super::{Admission, address};

/// Writes the playlist of those renditions that are whole, lowest rate first; if there is none, of those that are
/// being made and have something to show. Empty if there is nothing.
#[must_use]
pub fn write(renditions: &[Rendition], admission: Option<&Admission>) -> String {
    let mut listed = in_state(renditions, RenditionState::Ready);
    if listed.is_empty() {
        listed = in_state(renditions, RenditionState::Running);
    }
    if listed.is_empty() {
        return String::new();
    }
    listed.sort_by_key(|rendition| (rendition.peak_bps, rendition.id));
    let mut out = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n".to_owned();
    for rendition in listed {
        variant(&mut out, rendition, admission);
    }
    out
}

fn in_state(renditions: &[Rendition], state: RenditionState) -> Vec<&Rendition> {
    let shows = |rendition: &&Rendition| {
        rendition.state == state && rendition.init.is_some() && rendition.segments > 0
    };
    renditions.iter().filter(shows).collect()
}

fn variant(out: &mut String, rendition: &Rendition, admission: Option<&Admission>) {
    let (peak, average) = (rendition.peak_bps.max(1), rendition.average_bps.max(1));
    let _ = write!(out, "#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average}");
    if !rendition.codecs.is_empty() {
        let _ = write!(out, ",CODECS=\"{}\"", rendition.codecs);
    }
    if rendition.has_video {
        let _ = write!(out, ",RESOLUTION={}x{}", rendition.width, rendition.height);
        let (whole, thousandths) = (rendition.fps_milli / 1000, rendition.fps_milli % 1000);
        let _ = write!(out, ",FRAME-RATE={whole}.{thousandths:03}");
    }
    let name = address(&format!("{}.m3u8", rendition.id), admission);
    let _ = writeln!(out, "\n{name}");
}

/// The rates of a rendition, in bits per second, as RFC 8216 (4.1) defines them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// `BANDWIDTH`: the largest rate of any run of segments that lasts from a half to one and a half times the
    /// target duration.
    pub peak_bps: u64,
    /// `AVERAGE-BANDWIDTH`: the rate over all segments.
    pub average_bps: u64,
}

/// Measures the rates of a rendition out of its segments.
#[must_use]
pub fn measure(segments: &[Segment]) -> Rates {
    let longest_us = segments.iter().map(|segment| segment.duration_us).max().unwrap_or(0);
    let target_us =
        (longest_us.saturating_add(500_000) / 1_000_000).max(1).saturating_mul(1_000_000);
    let (all_bytes, all_us) = sums(segments);
    let average_bps = rate(all_bytes, all_us);
    let mut peak_bps = 0;
    for (first, _) in segments.iter().enumerate() {
        let (mut bytes, mut us) = (0_u64, 0_u64);
        for segment in segments.iter().skip(first) {
            bytes = bytes.saturating_add(segment.bytes);
            us = us.saturating_add(segment.duration_us);
            if us.saturating_mul(2) > target_us.saturating_mul(3) {
                break;
            }
            if us.saturating_mul(2) >= target_us {
                peak_bps = peak_bps.max(rate(bytes, us));
            }
        }
    }
    // A clip shorter than half a target has no such run.
    Rates { peak_bps: peak_bps.max(average_bps), average_bps }
}

fn sums(segments: &[Segment]) -> (u64, u64) {
    segments.iter().fold((0_u64, 0_u64), |(bytes, us), segment| {
        (bytes.saturating_add(segment.bytes), us.saturating_add(segment.duration_us))
    })
}

fn rate(bytes: u64, us: u64) -> u64 {
    let bits = u128::from(bytes).saturating_mul(8_000_000);
    u64::try_from(bits.checked_div(u128::from(us)).unwrap_or(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use kinora_model::id::Id;

    use super::super::media::tests::{rendition, segments};
    use super::*;

    #[test]
    fn only_whole_renditions_are_listed_lowest_first() {
        let high = rendition(RenditionState::Ready, 3);
        let low = Rendition { id: Id::from_raw(8), peak_bps: 500_000, ..high.clone() };
        let half =
            Rendition { id: Id::from_raw(9), state: RenditionState::Running, ..high.clone() };
        let text = write(&[high, half, low], None);
        let names: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(names, ["8.m3u8", "7.m3u8"]);
        assert!(text.contains(
            "#EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2000000,\
             CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.970"
        ));
    }

    #[test]
    fn a_rendition_that_is_being_made_is_listed_where_there_is_nothing_else() {
        let text = write(&[rendition(RenditionState::Running, 1)], None);
        assert!(text.contains("7.m3u8"));
        assert_eq!(write(&[rendition(RenditionState::Waiting, 0)], None), "");
    }

    #[test]
    fn a_token_goes_on_to_the_media_playlists() {
        let admission = Admission::with_token("abc");
        let text = write(&[rendition(RenditionState::Ready, 1)], admission.as_ref());
        assert!(text.contains("\n7.m3u8?videoFileToken=abc&reinjectVideoFileToken=true\n"));
    }

    #[test]
    fn rates_are_those_of_the_segments() {
        let mut made = segments(&[4_000_000, 4_000_000, 100_000]);
        made[0].bytes = 1_000_000;
        made[1].bytes = 2_000_000;
        made[2].bytes = 500_000;
        let rates = measure(&made);
        // The short tail counts only together with what comes before it.
        assert_eq!(rates.peak_bps, 2_500_000 * 8_000_000 / 4_100_000);
        assert_eq!(rates.average_bps, 3_500_000 * 8_000_000 / 8_100_000);
        assert_eq!(measure(&[]), Rates::default());
    }
}
