//! The playlist of one rendition.

use std::fmt::Write as _;

use kinora_model::rendition::{Rendition, RenditionState, Segment};

use super::{Admission, address, seconds};

/// Writes the playlist of a rendition out of its segments, in order: `EVENT` while more are being made, then `VOD`
/// with an end. Empty while there is no init segment.
///
/// Segments beyond the rendition's own count are left out: they are those of a try that was broken off.
#[must_use]
pub fn write(rendition: &Rendition, segments: &[Segment], admission: Option<&Admission>) -> String {
    let mut out = String::new();
    let Some(init) = &rendition.init else { return out };
    let whole = rendition.state == RenditionState::Ready;
    let target_s = segments.iter().map(|segment| rounded_s(segment.duration_us)).max();
    let kind = if whole { "VOD" } else { "EVENT" };
    let _ = writeln!(out, "#EXTM3U\n#EXT-X-VERSION:7");
    let _ = writeln!(out, "#EXT-X-TARGETDURATION:{}", target_s.unwrap_or(1).max(1));
    let _ = writeln!(out, "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:{kind}");
    let _ = writeln!(out, "#EXT-X-INDEPENDENT-SEGMENTS");
    if !whole {
        // A growing playlist looks live to players, which would begin at its end.
        let _ = writeln!(out, "#EXT-X-START:TIME-OFFSET=0,PRECISE=YES");
    }
    let map = address(&format!("{}.mp4", init.blob), admission);
    let _ = writeln!(out, "#EXT-X-MAP:URI=\"{map}\"");
    for segment in segments.iter().filter(|segment| segment.index < rendition.segments) {
        let name = address(&format!("{}.m4s", segment.blob), admission);
        let _ = writeln!(out, "#EXTINF:{},\n{name}", seconds(segment.duration_us));
    }
    if whole {
        out.push_str("#EXT-X-ENDLIST\n");
    }
    out
}

/// RFC 8216, 4.3.3.1: each duration, rounded to the nearest second, is at most the target.
fn rounded_s(us: u64) -> u64 {
    us.saturating_add(500_000) / 1_000_000
}

#[cfg(test)]
pub(crate) mod tests {
    use kinora_model::clock::Timestamp;
    use kinora_model::id::Id;
    use kinora_model::picture::BlobName;
    use kinora_model::rendition::Init;
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn rendition(state: RenditionState, segments: u32) -> Rendition {
        Rendition {
            id: Id::from_raw(7),
            video: Id::from_raw(1),
            rung: "720p".to_owned(),
            resolution: 720,
            width: 1280,
            height: 720,
            fps_milli: 29_970,
            copied: false,
            has_audio: true,
            has_video: true,
            codecs: "avc1.64001f,mp4a.40.2".to_owned(),
            init: Some(Init { blob: BlobName::from_digest([0xaa; 32]), bytes: 800 }),
            state,
            segments,
            bytes: 0,
            duration_us: 0,
            peak_bps: 2_500_000,
            average_bps: 2_000_000,
            torrent: None,
            created_at: Timestamp::from_ms(0),
            updated_at: Timestamp::from_ms(0),
        }
    }

    pub(crate) fn segments(durations_us: &[u64]) -> Vec<Segment> {
        let mut start_us = 0;
        let mut made = Vec::new();
        for (index, duration_us) in durations_us.iter().enumerate() {
            let number = u8::try_from(index % 256).unwrap();
            made.push(Segment {
                rendition: Id::from_raw(7),
                video: Id::from_raw(1),
                index: u32::try_from(index).unwrap(),
                blob: BlobName::from_digest([number; 32]),
                bytes: duration_us / 4,
                start_us,
                duration_us: *duration_us,
            });
            start_us += duration_us;
        }
        made
    }

    /// What a player understands of a media playlist.
    struct Read {
        target_s: u64,
        kind: String,
        map: String,
        ended: bool,
        segments: Vec<(u64, String)>,
    }

    fn read(text: &str) -> Read {
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("#EXTM3U"));
        let mut found = Read {
            target_s: 0,
            kind: String::new(),
            map: String::new(),
            ended: false,
            segments: Vec::new(),
        };
        let mut duration = None;
        for line in lines {
            assert!(!found.ended, "nothing follows the end");
            if let Some(value) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
                found.target_s = value.parse().unwrap();
            } else if let Some(value) = line.strip_prefix("#EXT-X-PLAYLIST-TYPE:") {
                found.kind = value.to_owned();
            } else if let Some(value) = line.strip_prefix("#EXT-X-MAP:URI=\"") {
                found.map = value.trim_end_matches('"').to_owned();
            } else if let Some(value) = line.strip_prefix("#EXTINF:") {
                duration = Some(value.trim_end_matches(',').replace('.', "").parse().unwrap());
            } else if line == "#EXT-X-ENDLIST" {
                found.ended = true;
            } else if !line.starts_with('#') {
                found.segments.push((duration.take().unwrap(), line.to_owned()));
            }
        }
        found
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read_again(
            durations in proptest::collection::vec(1_000_u64..12_000_000, 1..200),
            whole: bool,
        ) {
            let made = segments(&durations);
            let state = if whole { RenditionState::Ready } else { RenditionState::Running };
            let count = u32::try_from(made.len()).unwrap();
            let found = read(&write(&rendition(state, count), &made, None));
            prop_assert_eq!(found.ended, whole);
            prop_assert_eq!(found.kind, if whole { "VOD" } else { "EVENT" });
            prop_assert_eq!(found.map, format!("{}.mp4", "aa".repeat(32)));
            prop_assert_eq!(found.segments.len(), made.len());
            for ((duration_us, name), segment) in found.segments.iter().zip(&made) {
                prop_assert_eq!(*duration_us, segment.duration_us);
                prop_assert!((duration_us + 500_000) / 1_000_000 <= found.target_s);
                prop_assert_eq!(name, &format!("{}.m4s", segment.blob));
            }
        }
    }

    #[test]
    fn tokens_stand_in_every_address() {
        let admission = Admission::with_token("abc").unwrap();
        let made = segments(&[4_000_000]);
        let text = write(&rendition(RenditionState::Ready, 1), &made, Some(&admission));
        assert!(text.contains(".mp4?videoFileToken=abc\""));
        assert!(text.contains(".m4s?videoFileToken=abc\n"));
    }

    #[test]
    fn segments_of_a_broken_try_are_left_out() {
        let made = segments(&[4_000_000, 4_000_000, 4_000_000]);
        let found = read(&write(&rendition(RenditionState::Running, 1), &made, None));
        assert_eq!(found.segments.len(), 1);
    }
}
